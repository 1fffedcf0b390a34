//! The server of the ledger with all that is around its routes, and one route that gives back what it gets.

use std::io::{BufRead as _, BufReader};
use std::net::Ipv4Addr;
use std::process::{Child, Command, ExitCode, Stdio};

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use placet_ledger::http::{HttpConfig, HttpState, around, serve_routes};
use placet_ledger::{Keys, Ledger, Settings};
use placet_tests::p;
use tokio::net::TcpListener;

/// The route.
pub(crate) const PATH: &str = "/echo";

/// The other process; it is killed when this is dropped.
pub(crate) struct Echo {
    process: Child,
    address: String,
}

impl Echo {
    /// Starts this program again as the server.
    pub(crate) fn start() -> Self {
        let program = std::env::current_exe().unwrap();
        let mut process = Command::new(program)
            .arg("echo")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut address = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut address)
            .unwrap();
        Self {
            process,
            address: address.trim().to_owned(),
        }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// Serves until it is killed.
pub(crate) fn serve() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::generate(&folder.path().join("keys")).unwrap();
        let settings = Settings::new(p("echo.example/log"), folder.path().join("log"));
        let ledger = Ledger::open(settings, keys).await.unwrap();
        let state = HttpState::new(ledger, HttpConfig::new("http://127.0.0.1")).unwrap();
        let routes = around(Router::new().route(PATH, post(async |body: Bytes| body)), state.clone());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        println!("{}", listener.local_addr().unwrap());
        serve_routes(listener, routes, state, std::future::pending())
            .await
            .unwrap();
    });
    ExitCode::SUCCESS
}

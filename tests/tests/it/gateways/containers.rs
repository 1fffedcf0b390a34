//! The container file and the compose file: built where an engine runs, else read line by line.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use placet_tests::process::built;

/// Somebody's key, where the reader puts in what he was shown.
const KEY: &str = "did:key:z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The entries of a top-level section of the compose file, each with its lines.
fn section<'a>(yaml: &'a str, name: &str) -> Vec<(&'a str, Vec<&'a str>)> {
    let lines = yaml.lines().skip_while(|line| *line != format!("{name}:")).skip(1);
    let mut entries: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in lines.take_while(|line| line.is_empty() || line.starts_with(' ')) {
        let text = line.trim_start();
        match line.len() - text.len() {
            _ if text.is_empty() || text.starts_with('#') => {}
            2 => entries.push((text.trim_end_matches(':'), Vec::new())),
            _ => entries.last_mut().unwrap().1.push(text),
        }
    }
    assert!(!entries.is_empty(), "{name}");
    entries
}

/// A setting of a service that is a list in one line.
fn list(service: &[&str], key: &str) -> Vec<String> {
    let line = service
        .iter()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix(": "));
    line.map_or_else(Vec::new, |line| {
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))
    })
}

/// Whether the program takes these arguments: `--help` at their end is answered once all before it were understood.
fn is_understood(args: &[String]) -> bool {
    let tried = Command::new(built())
        .args(args)
        .arg("--help")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    tried.status.success()
}

#[test]
fn the_compose_file_names_only_what_is_there() {
    let yaml = read("docs/examples/compose.yaml");
    let services = section(&yaml, "services");
    let names: BTreeSet<&str> = services.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, BTreeSet::from(["issuer", "nginx", "node", "shop", "verifier"]));
    let volumes: BTreeSet<&str> = section(&yaml, "volumes").into_iter().map(|(name, _)| name).collect();
    let mut mounted = BTreeSet::new();
    for (name, service) in &services {
        assert!(
            service.iter().any(|line| line.starts_with("image: ")),
            "{name} has no image"
        );
        for volume in list(service, "volumes") {
            let from = volume.split(':').next().unwrap().to_owned();
            match from.strip_prefix("./") {
                // The reader makes this one; the file says how.
                Some("trust.json") => assert!(yaml.contains("docker compose cp node:/data/trust.json trust.json")),
                Some(file) => assert!(root().join("docs/examples").join(file).exists(), "{file} of {name}"),
                None => drop(mounted.insert(from)),
            }
        }
        for line in service
            .iter()
            .filter_map(|line| line.strip_prefix("network_mode: \"service:"))
        {
            assert!(names.contains(line.trim_end_matches('"')), "{name}: {line}");
        }
        for port in list(service, "ports") {
            assert!(
                port.starts_with("127.0.0.1:"),
                "{name} is open to other machines: {port}"
            );
        }
    }
    assert_eq!(mounted, volumes.into_iter().map(str::to_owned).collect());
    // nginx as it is configured beside this file listens where the compose file says, and asks where the others listen.
    let (nginx, shop) = (
        read("docs/examples/nginx.conf"),
        &services.iter().find(|(name, _)| *name == "shop").unwrap().1,
    );
    assert!(nginx.contains("listen 8088;") && nginx.contains("server 127.0.0.1:8439;"));
    assert!(list(shop, "command").contains(&"127.0.0.1:3000".to_owned()) && nginx.contains("server 127.0.0.1:3000;"));
}

#[test]
fn the_commands_in_the_container_files_are_commands() {
    let yaml = read("docs/examples/compose.yaml").replace("${BRAND_DID}", "did:web:brand.example");
    let mut tried = 0;
    for (name, service) in section(&yaml, "services") {
        if service.contains(&"image: placet") {
            let args = list(&service, "command");
            assert!(is_understood(&args), "{name}: {args:?}");
            let nonsense = [args, vec!["--nonsense".to_owned()]].concat();
            assert!(!is_understood(&nonsense), "anything at all is understood");
            tried += 1;
        }
    }
    assert_eq!(tried, 3);
    // What a person is told to type.
    let ways = ["exec node placet ", "exec -T node placet ", "run --rm issuer "];
    let typed = |line| ways.iter().find_map(|way| str::split_once(line, way));
    for (_, line) in yaml.lines().filter_map(typed) {
        let line = line.split("   ").next().unwrap();
        let args = line.replace("'Brand plc'", "Brand").replace("did:key:…", KEY);
        let args: Vec<String> = args.split_whitespace().map(str::to_owned).collect();
        assert!(is_understood(&args), "{line}");
        tried += 1;
    }
    assert_eq!(tried, 8);
}

#[test]
fn the_container_file_ends_as_an_ordinary_user_and_builds_where_an_engine_runs() {
    let file = read("Containerfile");
    let steps: Vec<&str> = file
        .lines()
        .filter(|line| line.starts_with(|sign: char| sign.is_ascii_uppercase()))
        .collect();
    let user = steps.iter().rposition(|line| line.starts_with("USER ")).unwrap();
    assert_eq!(steps[user], "USER placet");
    assert!(
        !steps[user..]
            .iter()
            .any(|line| line.starts_with("RUN") || line.starts_with("COPY"))
    );
    assert_eq!(steps.last(), Some(&"ENTRYPOINT [\"placet\"]"));
    let version = read("Cargo.toml")
        .lines()
        .find_map(|line| Some(line.strip_prefix("rust-version = \"")?.trim_end_matches('"').to_owned()));
    assert!(
        file.contains(&format!("FROM rust:{}-", version.unwrap())),
        "another compiler than the workspace's"
    );
    let ignored = read(".dockerignore");
    assert!(
        ignored.lines().any(|line| line == "target"),
        "the build would be sent along"
    );

    let engine = Command::new("docker").arg("info").stdin(Stdio::null()).output();
    if !engine.is_ok_and(|output| output.status.success()) {
        println!("not run: no container engine answers here; the container file was read and not built");
        return;
    }
    let made = Command::new("docker")
        .args(["build", "--file", "Containerfile", "--tag", "placet-test", "."])
        .current_dir(root())
        .status();
    assert!(made.unwrap().success());
    let said = Command::new("docker")
        .args(["run", "--rm", "placet-test", "--help"])
        .output()
        .unwrap();
    assert!(said.status.success() && String::from_utf8_lossy(&said.stdout).contains("verifier"));
}

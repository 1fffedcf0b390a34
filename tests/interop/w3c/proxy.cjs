// TLS before an issuer on this machine: the suites speak https only.
// PLACET_TLS_KEY and PLACET_TLS_CERTIFICATE name PEM files; openssl makes both: see README.md.
const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');

const ISSUER = { host: '127.0.0.1', port: 8441 };
const PORT = 8443;
const keys = {
  key: fs.readFileSync(process.env.PLACET_TLS_KEY),
  cert: fs.readFileSync(process.env.PLACET_TLS_CERTIFICATE),
};

https
  .createServer(keys, (request, response) => {
    const { method, url: path, headers } = request;
    const passed = http.request({ ...ISSUER, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    passed.on('error', () => response.writeHead(502).end());
    request.pipe(passed);
  })
  .listen(PORT, '127.0.0.1');

//! A Redis of our own, gone with its handle.

use std::process::{Child, Command, Stdio};

/// A running `redis-server`.
pub struct Server {
    process: Child,
    folder: std::path::PathBuf,
    port: u16,
}

impl Server {
    /// On a port that nobody has.
    pub fn start() -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = std::env::temp_dir().join(format!("cache-memoize-bench-{port}"));
        std::fs::create_dir_all(&folder).unwrap();
        let process = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .args(["--unixsocket", "redis.sock"])
            .current_dir(&folder)
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed");
        let server = Self { process, folder, port };
        while redis::Client::open(server.tcp()).unwrap().get_connection().is_err() {
            std::thread::yield_now();
        }
        server
    }

    /// Its address on the loopback interface.
    pub fn tcp(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Its address in the file system.
    pub fn unix(&self) -> String {
        format!("redis+unix://{}", self.folder.join("redis.sock").display())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

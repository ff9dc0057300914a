"""Web servers on the lab's site, each with its example of examples/ and nothing else of this
machine's: their configurations are adapted to directories and ports of the tests' own."""

import contextlib
import os
import pathlib
import subprocess

from conftest import ROOT, wait_until

EXAMPLES = pathlib.Path(ROOT) / "examples"
PORTS = {"nginx": 8001, "haproxy": 8002, "caddy": 8003, "apache": 8004}
BACKEND_PORT = 8000  # as in the examples
USER, GROUP = "nobody", "nogroup"

# Says what it was asked, as JSON.
BACKEND = f"""
import http.server, json
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        answer = json.dumps({{"method": self.command, "path": self.path, "body": body.decode(),
                             "headers": self.headers.items()}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
    do_POST = do_GET
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", {BACKEND_PORT}), Handler).serve_forever()
"""

NGINX = """
daemon off;
user {user} {group};
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/nginx.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    include {directory}/hoptell.conf;
}}
"""

APACHE = """
ServerRoot {directory}
ServerName site
PidFile {directory}/apache.pid
DefaultRuntimeDir {directory}
ErrorLog /dev/stderr
User {user}
Group {group}
Listen {port}
StartServers 2
MinSpareServers 1
{modules}
DirectoryIndex index.php
<FilesMatch "[.]php$">
    SetHandler application/x-httpd-php
</FilesMatch>
<Directory />
    Require all denied
</Directory>
Include {directory}/hoptell.conf
"""
MODULES = {name: f"/usr/lib/apache2/modules/mod_{name}.so"
           for name in ("mpm_prefork", "authz_core", "dir", "env")}
MODULES["php"] = "/usr/lib/apache2/modules/libphp8.2.so"


def adapted(example, changes):
    """The text of an example, with what has to be other here."""
    text = (EXAMPLES / example).read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in text, f"expected '{old}' in examples/{example}"
        text = text.replace(old, new)
    return text


def write(directory, name, text):
    path = os.path.join(directory, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def nginx(directory):
    for edition in ("full", "light"):
        os.makedirs(f"{directory}/www/{edition}")
        write(directory, f"www/{edition}/page.html", f"the {edition} page")
    write(directory, "hoptell.conf", adapted("nginx/hoptell.conf", {
        "listen 80;": f"listen {PORTS['nginx']};",
        "listen [::]:80;": f"listen [::]:{PORTS['nginx']};",
        "/srv/www/": f"{directory}/www/"}))
    main = NGINX.format(directory=directory, user=USER, group=GROUP)
    return ["nginx", "-c", write(directory, "nginx.conf", main)]


def haproxy(directory):
    text = adapted("haproxy/haproxy.cfg", {
        "/etc/haproxy/": f"{EXAMPLES}/haproxy/", "bind :80\n": f"bind :{PORTS['haproxy']}\n",
        "bind :::80 ": f"bind :::{PORTS['haproxy']} "})
    return ["haproxy", "-db", "-f", write(directory, "haproxy.cfg", text)]


def caddy(directory):
    text = adapted("caddy/Caddyfile", {"example.net {": f":{PORTS['caddy']} {{",
                                       "X-Server-Port 443": f"X-Server-Port {PORTS['caddy']}"})
    home = [f"{name}={directory}" for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")]
    return ["env", *home, "caddy", "run", "--adapter", "caddyfile", "--config",
            write(directory, "Caddyfile", text)]


def apache(directory, database):
    """With the database user that MariaDB knows by the process that asks."""
    os.makedirs(f"{directory}/www")
    for name in ("index.php", "hoptell.php"):
        write(directory, f"www/{name}", (EXAMPLES / "lamp" / name).read_text(encoding="utf-8"))
    text = adapted("lamp/apache.conf", {
        "*:80>": f"*:{PORTS['apache']}>", "/srv/www/hoptell": f"{directory}/www",
        "SERVER_PORT 80": f"SERVER_PORT {PORTS['apache']}",
        "HOPTELL_USER www-data": f"HOPTELL_USER {USER}\n    SetEnv HOPTELL_DSN "
        f"mysql:unix_socket={database.socket};dbname=hoptell;charset=utf8mb4"})
    write(directory, "hoptell.conf", text)
    modules = "\n".join(f"LoadModule {name}_module {path}" for name, path in MODULES.items())
    main = APACHE.format(directory=directory, user=USER, group=GROUP, port=PORTS["apache"],
                         modules=modules)
    return ["apache2", "-D", "FOREGROUND", "-f", write(directory, "apache.conf", main)]


@contextlib.contextmanager
def running(lab, directory, port, words):
    """While it runs on the site and listens."""
    with open(os.path.join(directory, "said"), "w+", encoding="utf-8") as log:
        process = lab.start("site", *words, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                            start_new_session=True)  # Apache ends its whole process group
        try:
            def listens():
                assert process.poll() is None, pathlib.Path(log.name).read_text(encoding="utf-8")
                return f":{port} " in lab.run("site", "ss", "-Hltn")

            wait_until(listens, what=f"{words[0]} to listen")
            yield process
        finally:
            process.terminate()
            process.wait(20)

package main

import (
	"crypto/x509"
	"encoding/pem"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/uptimer/uptimer/internal/servertest"
)

// needs finds a program, or skips the test; with CI=true it must be there.
func needs(t *testing.T, program, debian string) string {
	t.Helper()
	for _, folder := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/sbin", "/sbin") {
		if path := filepath.Join(folder, program); isProgram(path) {
			return path
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is missing; install Debian's %s", program, debian)
	}
	t.Skipf("%s is missing; install Debian's %s", program, debian)
	return ""
}

func isProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir() && info.Mode()&0o111 != 0
}

// certificate makes a certificate for 127.0.0.1 that nginx finds in dir, and returns the file of its CA and its end.
func certificate(t *testing.T, dir string) (file, expires string) {
	t.Helper()
	end := time.Now().Add(40 * 24 * time.Hour).UTC().Truncate(time.Second)
	ca := servertest.NewAuthority(t)
	leaf := ca.Certify(t, "127.0.0.1", end)
	private, err := x509.MarshalPKCS8PrivateKey(leaf.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "cert.pem"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Leaf.Raw})))
	write(t, filepath.Join(dir, "key.pem"), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	return ca.Bundle(t), end.Format("2006-01-02T15:04:05.000000Z")
}

const nginxConfig = `
daemon off; master_process off; pid {dir}/nginx.pid; error_log {dir}/nginx.log;
events { worker_connections 256; }
http {
  access_log off; gzip on; gzip_types text/plain; default_type text/plain;
  client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/fastcgi; uwsgi_temp_path {dir}/uwsgi; scgi_temp_path {dir}/scgi;
  server {
    listen {web}; listen {tls} ssl;
    ssl_certificate {dir}/cert.pem; ssl_certificate_key {dir}/key.pem; ssl_protocols TLSv1.3;
    location /status { return 200 "All Systems Operational\n"; }
    location /zipped { root {dir}; }
    location /hop/3 { return 302 /hop/2; }
    location /hop/2 { return 307 hop/1; }
    location = /hop/hop/1 { return 301 http://$http_host/hop/1; }
    location = /hop/1 { return 301 /status; }
    location /loop { return 302 /loop; }
    location /private { auth_basic "private"; auth_basic_user_file {dir}/users; alias {dir}/private; }
  }
}
`

// startNginx starts nginx and returns its addresses for plain text and for TLS.
func startNginx(t *testing.T, dir string) (web, tls string) {
	t.Helper()
	program := needs(t, "nginx", "nginx")
	web, tls = servertest.FreeAddress(t), servertest.FreeAddress(t)
	write(t, filepath.Join(dir, "zipped"), strings.Repeat("hay ", 16000)+"needle\n")
	write(t, filepath.Join(dir, "private"), "All Systems Operational\n")
	write(t, filepath.Join(dir, "users"), "admin:{PLAIN}secret\n")
	config := strings.NewReplacer("{dir}", dir, "{web}", web, "{tls}", tls).Replace(nginxConfig)
	write(t, filepath.Join(dir, "nginx.conf"), config)
	serve(t, web, exec.Command(program, "-c", filepath.Join(dir, "nginx.conf"), "-p", dir, "-e", filepath.Join(dir, "nginx.log")))
	return web, tls
}

// startSSH starts OpenSSH's server and returns its address.
func startSSH(t *testing.T, dir string) string {
	t.Helper()
	program, keygen := needs(t, "sshd", "openssh-server"), needs(t, "ssh-keygen", "openssh-client")
	key := filepath.Join(dir, "host_key")
	if out, err := exec.Command(keygen, "-q", "-t", "ed25519", "-N", "", "-f", key).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if os.Getuid() == 0 {
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			t.Fatal(err)
		}
	}
	addr := servertest.FreeAddress(t)
	host, number, _ := net.SplitHostPort(addr)
	serve(t, addr, exec.Command(program, "-D", "-e", "-f", "/dev/null", "-h", key, "-p", number,
		"-o", "ListenAddress="+host, "-o", "PidFile=none", "-o", "UsePAM=no"))
	return addr
}

// serve runs a server until the end of the test, and waits until it can be reached.
func serve(t *testing.T, addr string, cmd *exec.Cmd) {
	t.Helper()
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s said: %s", cmd.Path, out.String())
		}
	})
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			_ = conn.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s cannot be reached at %s: %v", cmd.Path, addr, err)
		}
	}
}

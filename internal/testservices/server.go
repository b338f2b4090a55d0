package testservices

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Server is a PostgreSQL server of a test's own, which may be stopped and started.
type Server struct {
	// URL is a superuser's, of the database postgres. It stays the same over restarts.
	URL string

	programs, folder, port string
	settings               []string
}

// NewServer starts a server with settings such as "timezone=Asia/Tokyo", and stops it at the test's end.
func NewServer(t testing.TB, settings ...string) *Server {
	t.Helper()
	programs := Find(t).PostgresPrograms
	if programs == "" { // the servers are containers
		const text = "skipped: PostgreSQL is not installed here, and this test starts a server of its own; UPTIMER_SERVICES=native make services"
		if os.Getenv("CI") == "true" {
			t.Fatal(text)
		}
		t.Skip(text)
	}
	root, err := envFile()
	if err != nil {
		t.Fatal(err)
	}
	// Not t.TempDir: PostgreSQL's account could not go there.
	folder, err := os.MkdirTemp(filepath.Dir(root), "server-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	giveAway(t, folder)
	s := &Server{programs: programs, folder: folder, port: freePort(t), settings: settings}
	s.URL = "postgres://uptimer@127.0.0.1:" + s.port + "/postgres?sslmode=disable"
	s.run(t, "initdb", "-D", filepath.Join(folder, "data"), "-A", "trust", "-U", "uptimer", "--no-sync", "-E", "UTF8", "--no-locale")
	t.Cleanup(func() {
		_ = s.command("pg_ctl", "-D", filepath.Join(folder, "data"), "-m", "immediate", "-w", "stop").Run()
	})
	s.Start(t)
	return s
}

// Start starts the server and waits until it can be used.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	options := "-p " + s.port + " -c listen_addresses=127.0.0.1 -c unix_socket_directories=" + s.folder
	for _, setting := range s.settings {
		options += " -c " + setting
	}
	s.run(t, "pg_ctl", "-D", filepath.Join(s.folder, "data"), "-l", filepath.Join(s.folder, "log"), "-s", "-w", "-t", "60", "-o", options, "start")
}

// Stop stops the server: "fast" ends all sessions, "immediate" is a crash.
func (s *Server) Stop(t testing.TB, mode string) {
	t.Helper()
	s.run(t, "pg_ctl", "-D", filepath.Join(s.folder, "data"), "-m", mode, "-s", "-w", "-t", "60", "stop")
}

func (s *Server) run(t testing.TB, program string, args ...string) {
	t.Helper()
	// To a file: the server keeps what it inherits open, and a pipe would be read to its end.
	log, err := os.CreateTemp(t.TempDir(), program)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := s.command(program, args...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Run(); err != nil {
		text, _ := os.ReadFile(log.Name())
		t.Fatalf("%s: %v\n%s", program, err, text)
	}
}

// command is one of PostgreSQL's programs, by an account that it accepts.
func (s *Server) command(program string, args ...string) *exec.Cmd {
	args = append([]string{filepath.Join(s.programs, program)}, args...)
	if os.Getuid() == 0 {
		args = append([]string{"runuser", "-u", "postgres", "--"}, args...)
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = s.folder
	return cmd
}

// giveAway makes a folder that of PostgreSQL's account, where that is not our own.
func giveAway(t testing.TB, folder string) {
	t.Helper()
	if os.Getuid() != 0 {
		return
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.Atoi(account.Uid)
	gid, _ := strconv.Atoi(account.Gid)
	if err := os.Chown(folder, uid, gid); err != nil {
		t.Fatal(err)
	}
}

// freePort is one that clients' sockets are not given by the system, so that it is still free after a restart.
func freePort(t testing.TB) string {
	t.Helper()
	for range 100 {
		port := strconv.Itoa(26000 + rand.IntN(4000))
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", port))
		if err == nil {
			l.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return ""
}

// URLOf is the server's URL for another user or database; an empty text leaves what it is.
func URLOf(t testing.TB, server, user, password, database string) string {
	t.Helper()
	before, after, _ := strings.Cut(server, "://")
	login, rest, _ := strings.Cut(after, "@")
	host, path, _ := strings.Cut(rest, "/")
	name, options, _ := strings.Cut(path, "?")
	if user != "" {
		login = user
	}
	if password != "" {
		account, _, _ := strings.Cut(login, ":")
		login = account + ":" + password
	}
	if database != "" {
		name = database
	}
	return fmt.Sprintf("%s://%s@%s/%s?%s", before, login, host, name, options)
}

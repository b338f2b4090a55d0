//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// servers are a PostgreSQL and a Kafka of our own, as dev/services brings them up, in a folder and at ports of our own.
type servers struct {
	repository string
	folder     string
	environ    []string // of dev/services

	broker   string // host:port
	database string // a superuser's URL, of the database postgres
	programs string // folder of PostgreSQL's programs
}

const (
	upWithin   = 3 * time.Minute // on a busy machine, and the first time with downloads
	stopWithin = time.Minute
)

// startServers starts both servers in the folder. It leaves nothing running if it fails.
func startServers(ctx context.Context, folder string) (*servers, error) {
	repository, err := findRepository(ctx)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(folder, 0o711); err != nil { // PostgreSQL's own account must be able to walk through
		return nil, err
	}
	s := &servers{repository: repository, folder: filepath.Join(folder, "servers")}
	postgresPort, err := freePorts(1)
	if err != nil {
		return nil, err
	}
	kafkaPort, err := freePorts(5)
	if err != nil {
		return nil, err
	}
	s.environ = append(os.Environ(), "SERVICES_FOLDER="+s.folder,
		"SERVICES_POSTGRES_PORT="+strconv.Itoa(postgresPort), "SERVICES_KAFKA_PORT="+strconv.Itoa(kafkaPort))
	if err = s.up(); err == nil {
		err = s.find()
	}
	if err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// freePorts is the first of some ports in a row. They are below those that the system gives to clients, so that they
// are still free after a restart.
func freePorts(count int) (int, error) {
	for range 1000 {
		first := 26000 + rand.IntN(6000) //nolint:gosec // any port will do
		if portsAreFree(first, count) {
			return first, nil
		}
	}
	return 0, errors.New("no ports are free between 26000 and 32000")
}

func portsAreFree(first, count int) bool {
	for port := first; port < first+count; port++ {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			return false
		}
		l.Close()
	}
	return true
}

// up starts what does not run, and returns when both can be used.
func (s *servers) up() error { return s.services("up", upWithin) }

// stop stops both.
func (s *servers) stop() {
	if err := s.services("down", stopWithin); err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
	}
}

func (s *servers) services(do string, within time.Duration) error {
	return command(within, s.environ, filepath.Join(s.repository, "dev/services/services"), do)
}

// command runs a program. Nothing but time cuts it short, and it is in a process group of its own, out of the reach of
// Ctrl-C: so a server is never half started.
func command(within time.Duration, environ []string, name string, args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	// To a file: servers keep open what they inherit, and a pipe would be read to its end.
	log, err := os.CreateTemp("", "chaos-command-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(log.Name())
	defer log.Close()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = "/", environ, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	if err := cmd.Run(); err != nil {
		text, _ := os.ReadFile(log.Name())
		return fmt.Errorf("%s %s: %w\n%s", filepath.Base(name), strings.Join(args, " "), err, text)
	}
	return nil
}

// find reads where the servers are.
func (s *servers) find() error {
	file, err := os.Open(filepath.Join(s.folder, "env"))
	if err != nil {
		return err
	}
	defer file.Close()
	fields := map[string]*string{"DATABASE_URL": &s.database, "POSTGRES_PROGRAMS": &s.programs, "KAFKA_PLAINTEXT": &s.broker}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), "=")
		if field := fields[name]; field != nil {
			*field = value
		}
	}
	return lines.Err()
}

// brokerPID is the broker's process.
func (s *servers) brokerPID() (int, error) {
	path := filepath.Join(s.folder, "kafka/pid")
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("reading %s: %w", path, err)
	}
	return pid, nil
}

// stopBroker lets the broker be silent for a while.
func (s *servers) stopBroker(ctx context.Context, silent time.Duration) error {
	pid, err := s.brokerPID()
	if err != nil {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		return fmt.Errorf("stopping the broker: %w", err)
	}
	err = rest(ctx, silent)
	return errors.Join(err, syscall.Kill(pid, syscall.SIGCONT))
}

// restartBroker ends the broker with a signal, leaves it away for a while and starts it again.
func (s *servers) restartBroker(ctx context.Context, with syscall.Signal, away time.Duration) error {
	pid, err := s.brokerPID()
	if err != nil {
		return err
	}
	if err := syscall.Kill(pid, with); err != nil {
		return fmt.Errorf("ending the broker: %w", err)
	}
	for end := time.Now().Add(stopWithin); syscall.Kill(pid, 0) == nil; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			return fmt.Errorf("the broker is still there %v after signal %v", stopWithin, with)
		}
	}
	if err := rest(ctx, away); err != nil {
		return err
	}
	return s.up()
}

// crashPostgres restarts PostgreSQL without a word to its clients.
func (s *servers) crashPostgres() error {
	args := []string{filepath.Join(s.programs, "pg_ctl"), "restart", "-m", "immediate", "-w", "-t", "60", "-s",
		"-D", filepath.Join(s.folder, "postgres/data"), "-l", filepath.Join(s.folder, "postgres/log")}
	if os.Getuid() == 0 {
		args = append([]string{"runuser", "-u", "postgres", "--"}, args...)
	}
	return command(upWithin, os.Environ(), args[0], args[1:]...)
}

// rest sleeps, at most until ctx ends.
func rest(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

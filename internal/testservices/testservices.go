// Package testservices is for tests: it finds the real servers that `make services` brings up, and gives a test a
// database of its own.
package testservices

import (
	"bufio"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Services says where the servers are. The addresses of Kafka are host:port, one broker each; everything else that
// the broker does is in dev/services/kafka.sh.
type Services struct {
	// DatabaseURL is a superuser's, of the database postgres: do not use that one, see Database.
	DatabaseURL string
	// PostgresPrograms is the folder of initdb, pg_ctl and their like; empty if the servers are containers and PostgreSQL
	// is not installed beside them.
	PostgresPrograms string

	KafkaPlaintext     string // no TLS, no login
	KafkaSSL           string // TLS; a certificate of the client is required
	KafkaSASLSSL       string // TLS and a login
	KafkaSASLPlaintext string // a login alone

	// KafkaUsername logs in by PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512, and may do everything, whatever the ACLs say. So
	// may who comes without a name, over plain text.
	KafkaUsername, KafkaPassword string
	// KafkaGuestUsername logs in by the same mechanisms, and may do what no ACL is about: an ACL that lets only somebody
	// else write to a topic shuts the guest out.
	KafkaGuestUsername, KafkaGuestPassword string

	// CAFile has signed the certificates of both servers, for 127.0.0.1, ::1 and localhost, and the client's.
	CAFile                        string
	ClientCertFile, ClientKeyFile string
}

// Find returns the servers, or skips the test if there are none; with CI=true that is a failure.
func Find(t testing.TB) Services {
	t.Helper()
	s, err := Running()
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatalf("no servers to test with, run `make services`: %v", err)
	default:
		t.Skip("skipped: make services")
	}
	return s
}

// Running returns the servers, for a program that is no test. Its error says why they cannot be used. It looks once.
func Running() (Services, error) { return found() }

var found = sync.OnceValues(func() (Services, error) {
	path, err := envFile()
	if err != nil {
		return Services{}, err
	}
	s, err := read(path)
	if err != nil {
		return Services{}, err
	}
	return s, s.answer()
})

// envFile is what dev/services/services writes.
func envFile() (string, error) {
	me, err := user.Current()
	if err != nil {
		return "", err
	}
	return filepath.Join(os.TempDir(), "uptimer-services-"+me.Uid, "env"), nil
}

// read reads NAME=value lines.
func read(path string) (s Services, err error) {
	file, err := os.Open(path)
	if err != nil {
		return s, err
	}
	defer file.Close()
	fields := map[string]*string{
		"DATABASE_URL": &s.DatabaseURL, "POSTGRES_PROGRAMS": &s.PostgresPrograms,
		"KAFKA_PLAINTEXT": &s.KafkaPlaintext, "KAFKA_SSL": &s.KafkaSSL,
		"KAFKA_SASL_SSL": &s.KafkaSASLSSL, "KAFKA_SASL_PLAINTEXT": &s.KafkaSASLPlaintext,
		"KAFKA_USERNAME": &s.KafkaUsername, "KAFKA_PASSWORD": &s.KafkaPassword,
		"KAFKA_GUEST_USERNAME": &s.KafkaGuestUsername, "KAFKA_GUEST_PASSWORD": &s.KafkaGuestPassword,
		"CA_FILE": &s.CAFile, "CLIENT_CERT_FILE": &s.ClientCertFile, "CLIENT_KEY_FILE": &s.ClientKeyFile,
	}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), "=")
		if field, known := fields[name]; known {
			*field = value
			delete(fields, name)
		}
	}
	for name := range fields {
		return s, fmt.Errorf("%s: %s is missing", path, name)
	}
	return s, nil
}

// answer tells whether the servers are there: after a reboot the file may be all that is left.
func (s Services) answer() error {
	database, err := url.Parse(s.DatabaseURL)
	if err != nil {
		return err
	}
	for _, addr := range []string{database.Host, s.KafkaPlaintext} {
		conn, err := net.DialTimeout("tcp", addr, 5*time.Second)
		if err != nil {
			return err
		}
		conn.Close()
	}
	return nil
}

package database

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/uptimer/uptimer/internal/setting"
	"github.com/uptimer/uptimer/internal/testservices"
	"github.com/uptimer/uptimer/internal/unhurried"
)

func TestMain(m *testing.M) { unhurried.Main(m) }

// If this failed, a start would wait for ever for what never comes, or end because a server is just starting, too.
func TestRefused(t *testing.T) {
	server := func(code string) error { return fmt.Errorf("connecting: %w", &pgconn.PgError{Code: code}) }
	for _, c := range []struct {
		err     error
		refused bool
	}{
		{server("28P01"), true}, {server("28000"), true}, {server("3D000"), true}, {server("42501"), true},
		{server("57P03"), false}, {server("53300"), false}, {server("42P01"), false}, {server("XX000"), false}, {server("22021"), false},
		{nil, false}, {errors.New("connection refused"), false}, {context.DeadlineExceeded, false},
		{fmt.Errorf("x: %w", x509.HostnameError{Host: "db", Certificate: &x509.Certificate{}}), true},
		{fmt.Errorf("x: %w", x509.UnknownAuthorityError{}), true},
		{&tls.CertificateVerificationError{Err: errors.New("expired")}, true},
		{tls.AlertError(42), true},
		{fmt.Errorf("%w to INSERT", ErrNoPrivilege), true},
	} {
		if got := Refused(c.err); got != c.refused {
			t.Errorf("%v: refused %v, want %v", c.err, got, c.refused)
		}
	}
}

// If this failed, a server without TLS would be waited for by somebody who insists on it, or an encrypted connection
// not be had.
func TestTLS(t *testing.T) {
	s := testservices.Find(t)
	secured := Config{URL: setting.Secret(s.DatabaseURL[:len(s.DatabaseURL)-len("disable")] + "verify-full&sslrootcert=" + s.CAFile)}
	conn, err := secured.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	conn.Close(t.Context())
	server := testservices.NewServer(t)
	_, err = Config{URL: setting.Secret(server.URL[:len(server.URL)-len("disable")] + "require")}.Connect(t.Context())
	if !Refused(err) {
		t.Errorf("a server without TLS: %v is not taken as refused", err)
	}
}

// If this failed, a database that is away would be said twice in one line, and nobody would see what differs.
func TestAnErrorIsOneLine(t *testing.T) {
	_, err := Config{URL: "postgres://u:geheim@127.0.0.1:1/x"}.Connect(t.Context()) // with TLS, and without
	want := "failed to connect to `user=u database=x`: 127.0.0.1:1 (127.0.0.1): dial error: dial tcp 127.0.0.1:1: connect: connection refused"
	if err == nil || err.Error() != want {
		t.Errorf("%v\nwant\n%s", err, want)
	}
}

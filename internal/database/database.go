// Package database is what all that use PostgreSQL share: where it is, how to connect, and which refusals are for
// good.
package database

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/uptimer/uptimer/internal/setting"
)

// Config says where the database is.
type Config struct {
	URL setting.Secret `envconfig:"DATABASE_URL" desc:"the PostgreSQL database, as libpq reads it: postgres://user:password@host:5432/name?sslmode=verify-full"`
}

// Validate returns setting.Mistakes, or nil.
func (c Config) Validate() error {
	var ms setting.Mistakes
	if c.URL == "" {
		ms.Add("DATABASE_URL", "", errors.New("not set; want the address of a database such as postgres://user:password@host:5432/name"))
	} else if config, err := pgx.ParseConfig(string(c.URL)); err != nil {
		ms.Add("DATABASE_URL", c.URL.String(), fmt.Errorf("cannot be read (%s); want the address of a database such as postgres://user:password@host:5432/name", cause(err)))
	} else if holdsSecret(config) {
		ms.Add("DATABASE_URL", c.URL.String(), errors.New("a host with an @ in it; want %40 for each @ in the password"))
	}
	return ms.Err()
}

// holdsSecret tells whether the name of a host is the rest of a password, which every error would show: postgres://u:p@ss@h
// has the host ss@h.
func holdsSecret(config *pgx.ConnConfig) bool {
	if strings.Contains(config.Host, "@") {
		return true
	}
	return slices.ContainsFunc(config.Fallbacks, func(f *pgconn.FallbackConfig) bool { return strings.Contains(f.Host, "@") })
}

// cause is what pgx says of a connection string, without the string: what it repeats of it may be the password.
func cause(err error) string {
	if file := (*fs.PathError)(nil); errors.As(err, &file) { // of a certificate or key
		return file.Error()
	}
	text := err.Error()
	if _, after, found := strings.Cut(text, "`: "); found && strings.Count(text, "`") == 2 {
		text = after
	} else {
		text = "not in the form of a URL or of key=value"
	}
	if i := strings.IndexAny(text, "(\"'`"); i >= 0 { // what is in brackets or quotes may be a part of the string
		text = strings.TrimSpace(text[:i])
	}
	return text
}

// connectTimeout is how long connecting to one server may take, if connect_timeout does not say.
const connectTimeout = 10 * time.Second

// Connect opens a connection whose session is in UTC. Its error is one line, names the server and holds no secret.
func (c Config) Connect(ctx context.Context) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig(string(c.URL))
	if err != nil {
		return nil, errors.New("DATABASE_URL cannot be read")
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	config.RuntimeParams["timezone"] = "UTC" // else days and times would be the server's
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "uptimer"
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, oneLine{err}
	}
	return conn, nil
}

// oneLine is an error whose text has no line breaks, as that of pgx has when there are several addresses; and what it
// says of an address once with TLS and once without is said once.
type oneLine struct{ err error }

func (e oneLine) Error() string {
	var said []string
	for line := range strings.Lines(e.err.Error()) {
		if line = strings.Join(strings.Fields(line), " "); !slices.Contains(said, line) {
			said = append(said, line)
		}
	}
	return strings.Join(said, " ")
}

func (e oneLine) Unwrap() error { return e.err }

// SQLSTATEs that are looked for; https://www.postgresql.org/docs/current/errcodes-appendix.html has them all.
const (
	classAuthorization    = "28" // password, user, pg_hba.conf
	noSuchDatabase        = "3D000"
	insufficientPrivilege = "42501"
	undefinedTable        = "42P01"
	undefinedColumn       = "42703"
)

// ErrNoPrivilege is in the error of who found out beforehand that a permission is missing.
var ErrNoPrivilege = errors.New("no permission")

// Refused tells whether the server refuses us for good: the certificate, the password, the database's name or a
// permission is wrong. Everything else may mend itself.
func Refused(err error) bool {
	if pg := Code(err); pg != "" {
		return strings.HasPrefix(pg, classAuthorization) || pg == noSuchDatabase || pg == insufficientPrivilege
	}
	var verification *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var alert tls.AlertError
	if errors.As(err, &verification) || errors.As(err, &authority) || errors.As(err, &host) || errors.As(err, &invalid) || errors.As(err, &alert) {
		return true
	}
	return errors.Is(err, ErrNoPrivilege) || err != nil && strings.Contains(err.Error(), "server refused TLS connection")
}

// NotMigrated tells whether a table or a column is not there.
func NotMigrated(err error) bool {
	code := Code(err)
	return code == undefinedTable || code == undefinedColumn
}

// Code is the SQLSTATE that the server answered with, empty if it did not.
func Code(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}

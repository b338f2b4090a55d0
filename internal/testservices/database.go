package testservices

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Database makes an empty database and returns its URL. It is dropped at the test's end, whoever is still connected.
func Database(t testing.TB) string {
	t.Helper()
	return DatabaseIn(t, Find(t).DatabaseURL)
}

// DatabaseIn is Database in the server that a superuser's URL leads to.
func DatabaseIn(t testing.TB, server string) string {
	t.Helper()
	name := "test_" + strings.ToLower(rand.Text())
	Exec(t, server, "CREATE DATABASE "+name)
	t.Cleanup(func() { Exec(t, server, "DROP DATABASE "+name+" WITH (FORCE)") })
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

// Exec runs statements, one by one, in a connection of their own.
func Exec(t testing.TB, database string, statements ...string) {
	t.Helper()
	if err := execute(database, statements); err != nil {
		t.Fatal(err)
	}
}

func execute(database string, statements []string) error {
	// Not the test's context: it has ended when what was made is cleaned up.
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

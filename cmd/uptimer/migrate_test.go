package main

import (
	"strings"
	"testing"
	"time"

	"github.com/uptimer/uptimer/internal/testservices"
)

// If this failed, a script that migrates would not know whether it worked, or what was done.
func TestMigrate(t *testing.T) {
	url := testservices.Database(t)
	environ := []string{"DATABASE_URL=" + url}
	const names = "20260000000000"
	for _, c := range []struct {
		args []string
		want string // what all lines end with
		some bool   // whether there are lines
	}{
		{[]string{"migrate", "status"}, "pending", true},
		{[]string{"migrate"}, "applied", true},
		{[]string{"migrate", "up"}, "", false},
		{[]string{"migrate", "status"}, "applied", true},
		{[]string{"migrate", "down"}, "pending", true},
		{[]string{"migrate", "down"}, "pending", true},
		{[]string{"migrate", "down"}, "pending", true},
		{[]string{"migrate", "down"}, "", false},
		{[]string{"migrate", "status"}, "pending", true},
	} {
		got := call(t, environ, c.args...)
		if got.code != 0 || got.stderr != "" || (got.stdout != "") != c.some {
			t.Errorf("%v: exit code %d, %q, %q", c.args, got.code, got.stdout, got.stderr)
		}
		for line := range strings.Lines(got.stdout) {
			if fields := strings.Fields(line); len(fields) != 3 || fields[2] != c.want || len(fields[0]) != len(names) {
				t.Errorf("%v: %q, want version, name and %s", c.args, line, c.want)
			}
		}
	}
}

// If this failed, a wrong call or password would not end with the right code and one line, or show the password.
func TestMigrateRefusals(t *testing.T) {
	url := testservices.URLOf(t, testservices.Find(t).DatabaseURL, "", "swordfish", "")
	for _, c := range []struct {
		environ []string
		args    []string
		code    int
		want    string
	}{
		{nil, []string{"migrate"}, 2, "uptimer: DATABASE_URL: not set; want the address of a database such as postgres://user:password@host:5432/name"},
		{nil, []string{"migrate", "sideways"}, 2, `uptimer: unknown argument "sideways" for uptimer migrate; want up, down or status`},
		{[]string{"DATABASE_URL=" + url}, []string{"migrate"}, 1, `password authentication failed for user "uptimer" (SQLSTATE 28P01)`},
		{[]string{"DATABASE_URL=postgres://u:swordfish@127.0.0.1:9/x"}, []string{"migrate"}, 1, "connection refused"},
	} {
		got := call(t, c.environ, c.args...)
		if got.code != c.code || !strings.Contains(got.stderr, c.want) || strings.Count(got.stderr, "\n") != 1 || strings.Contains(got.stderr, "swordfish") {
			t.Errorf("%v: exit code %d, want %d\n%s, want\n%s", c.args, got.code, c.code, got.stderr, c.want)
		}
	}
}

// If this failed, uptimer would go on in front of a database that will never let it in, or say the password.
func TestRunWithAWrongPassword(t *testing.T) {
	url := testservices.URLOf(t, testservices.Find(t).DatabaseURL, "", "swordfish", "")
	for _, more := range []string{"WORKERS=1", "WORKERS=3"} {
		began := time.Now()
		got := call(t, []string{"DATABASE_URL=" + url, "WRITER_PLUGIN=stdout,postgres", "READER_PLUGIN=dummy", more}, "run")
		if got.code != 1 || !strings.Contains(got.stderr, "password authentication failed") || strings.Contains(got.stderr, "swordfish") {
			t.Errorf("%s: exit code %d after %v\n%s", more, got.code, time.Since(began), got.stderr)
		}
		if lines := got.complaints(); len(lines) != 1 {
			t.Errorf("%s: %q, want one line", more, lines)
		}
	}
}

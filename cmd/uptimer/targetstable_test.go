//go:build unix

package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/uptimer/uptimer/internal/servertest"
	"github.com/uptimer/uptimer/internal/testservices"
)

// probed makes a server that can be checked, and returns its URL.
func probed(t *testing.T) string {
	t.Helper()
	return "tcp://" + servertest.Serve(t, servertest.Hold)
}

// If this failed, a deployment could not be started in any order, or a change of the table would not be followed by the
// process, or would end it.
func TestRunFromTheTable(t *testing.T) {
	t.Parallel()
	database := testservices.Database(t)
	environ := []string{"DATABASE_URL=" + database}
	one, two := probed(t), probed(t)
	metrics := servertest.FreeAddress(t)
	p := start(t, append(environ, "PROBE_TARGETS_TABLE=targets", "PROBE_INTERVAL=0.2", "LOG_FORMAT=text", "METRICS_ADDR="+metrics))
	p.says("the database is not migrated: run `uptimer migrate`; waiting for it")
	isReady(t, metrics, false)
	if got := call(t, environ, "migrate"); got.code != exitDone {
		t.Fatal(got.stderr)
	}
	p.says("there is nothing to probe yet")
	if got := callWithInput(t, one+"\n", environ, "targets", "import", "-"); got.stdout != "1 new, 0 changed, 0 as before\n" {
		t.Errorf("%+v", got)
	}
	p.want("of the first target", func(e event) bool { return e.Target == one && e.Up })
	isReady(t, metrics, true)
	if got := callWithInput(t, two+"\n", environ, "targets", "import", "-", "--disable-missing"); got.stdout != "1 new, 0 changed, 0 as before, 1 disabled\n" {
		t.Errorf("%+v", got)
	}
	p.want("of the second target", func(e event) bool { return e.Target == two && e.Up })
	testservices.Exec(t, database, "UPDATE targets SET enabled = true, interval = 'soon'")
	p.says("not a time span")
	p.want("of the list that stays", func(e event) bool { return e.Target == two && e.Up })
	p.saysOnce("run `uptimer migrate`")
	p.signal(syscall.SIGTERM)
	p.exit(exitDone)
}

// If this failed, uptimer would go on in front of a database that will never let it in, start with half of a list, or not
// stop while it waits.
func TestTheTableAtTheStart(t *testing.T) {
	server := testservices.Find(t).DatabaseURL
	away := "DATABASE_URL=postgres://u:swordfish@" + servertest.FreeAddress(t) + "/x"
	wrong := "DATABASE_URL=" + testservices.URLOf(t, server, "", "swordfish", "")
	bad := testservices.Database(t)
	if got := call(t, []string{"DATABASE_URL=" + bad}, "migrate"); got.code != exitDone {
		t.Fatal(got.stderr)
	}
	testservices.Exec(t, bad, `INSERT INTO targets (target_id, target, regex, "interval") VALUES (gen_random_uuid(), 'http://a.example', '(', '-')`)
	const table = "PROBE_TARGETS_TABLE=targets"
	for _, c := range []struct {
		environ []string
		code    int
		lines   int
		want    string
	}{
		{[]string{table, wrong}, exitFailed, 1, "password authentication failed"},
		{[]string{table, "DATABASE_URL=" + bad}, exitWrong, 2, "(http://a.example): regex="},
		{[]string{table, away, "PROBE_URLS=htp://x"}, exitWrong, 1, "unknown scheme htp"},
		{[]string{table}, exitWrong, 1, "DATABASE_URL: not set"},
		{[]string{"PROBE_TARGETS_TABLE=sites", away}, exitWrong, 1, `PROBE_TARGETS_TABLE="sites": no table for targets; want targets`},
	} {
		began := time.Now()
		got := call(t, c.environ, "run")
		if lines := got.complaints(); got.code != c.code || len(lines) != c.lines || !strings.Contains(got.stderr, c.want) || strings.Contains(got.stderr, "swordfish") {
			t.Errorf("%q: exit code %d after %v\n%s", c.environ, got.code, time.Since(began), got.stderr)
		}
	}
	p := start(t, []string{table, away})
	p.says("the table targets cannot be read; waiting for it")
	p.signal(syscall.SIGTERM)
	p.exit(exitDone)
	p.saysOnce("cannot be read")
}

// If this failed, a script could not tell whether a list was imported or exported, or a file would be half of a list.
func TestImportAndExportCommands(t *testing.T) {
	database := testservices.Database(t)
	environ := []string{"DATABASE_URL=" + database}
	list := filepath.Join(t.TempDir(), "list.yaml")
	write(t, list, "- {url: 'https://u:p@a.example/', interval: 5, labels: {a: 'x;y'}}\n- tcp://b.example:1\n")
	const unmigrated = "uptimer: the database is not migrated: run `uptimer migrate`\n"
	for _, args := range [][]string{{"import", list}, {"export"}} {
		if got := call(t, environ, append([]string{"targets"}, args...)...); got.code != exitFailed || got.stderr != unmigrated {
			t.Errorf("%v: %+v", args, got)
		}
	}
	call(t, environ, "migrate")
	file := filepath.Join(t.TempDir(), "out.csv")
	const exported = "url,interval,labels\nhttps://u:p@a.example/,5,a=x\\;y\ntcp://b.example:1,,\n"
	for _, c := range []struct {
		stdin  string
		args   []string
		code   int
		stdout string
		stderr string
	}{
		{"a.example\ntcp://b.example\nicmp://c:1\n", []string{"import", "-"}, exitWrong, "", "standard input:2: url"},
		{"", []string{"import", list}, exitDone, "2 new, 0 changed, 0 as before\n", ""},
		{"", []string{"import", list}, exitDone, "0 new, 0 changed, 2 as before\n", ""},
		{"", []string{"export"}, exitDone, exported, ""},
		{"", []string{"export", file}, exitDone, "2 targets written\n", ""},
		{"", []string{"import", file}, exitDone, "0 new, 0 changed, 2 as before\n", ""},
		{"", []string{"export", "x.txt"}, exitWrong, "", "unknown kind of file"},
		{"", []string{"export", filepath.Join(file, "x.csv")}, exitFailed, "", "not a directory"},
		{"", []string{"import", "--away", list}, exitWrong, "", "unknown flag"},
		{"", []string{"import"}, exitWrong, "", "nothing to probe"},
	} {
		got := callWithInput(t, c.stdin, environ, append([]string{"targets"}, c.args...)...)
		if got.code != c.code || got.stdout != c.stdout || !strings.Contains(got.stderr, c.stderr) || c.stderr == "" && got.stderr != "" {
			t.Errorf("%v: %+v", c.args, got)
		}
	}
	testservices.Exec(t, database, "UPDATE targets SET regex = ' x' WHERE target LIKE 'https%'")
	if got := call(t, environ, "targets", "export", file); got.code != exitWrong || !strings.Contains(got.stderr, "regex: begins or ends with white space") {
		t.Errorf("%+v", got)
	}
	if left, err := os.ReadDir(filepath.Dir(file)); err != nil || len(left) != 1 {
		t.Errorf("%v are left, %v", left, err)
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != exported {
		t.Errorf("after an export that failed the file holds %q, %v", got, err)
	}
	if got := call(t, append(environ, "PROBE_TARGETS_TABLE=targets"), "targets", "validate"); got.stdout != "2 targets are good: 1 https 1 tcp\n" {
		t.Errorf("%+v", got)
	}
}

// If this failed, who stops an import that takes long would not know what is in the table then. (Seen to fail when the end
// of the context is not looked at.)
func TestAnImportIsInterrupted(t *testing.T) {
	database := aDatabase(t)
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if _, err := conn.Exec(t.Context(), "BEGIN; LOCK TABLE targets"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	var stderr bytes.Buffer
	a := &app{environ: []string{"DATABASE_URL=" + database, "PROBE_URLS=tcp://a.example:1"}, stdin: strings.NewReader(""), stdout: io.Discard, stderr: &stderr}
	if code := a.execute(ctx, []string{"targets", "import"}); code != exitInterrupted || !strings.Contains(stderr.String(), "interrupted; nothing is changed") {
		t.Errorf("exit code %d, want %d; %q", code, exitInterrupted, stderr.String())
	}
}

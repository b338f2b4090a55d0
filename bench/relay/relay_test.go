//go:build linux

package main

import (
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/uptimer/uptimer/bench/farm"
	"github.com/uptimer/uptimer/internal/unhurried"
)

func TestMain(m *testing.M) { unhurried.Main(m) }

// If this failed, counts that differ would be called the same, or the other way round.
func TestTotal(t *testing.T) {
	const shown = `# HELP checks Checks.
# TYPE checks counter
checks{protocol="http",reason="ok"} 1200
checks{protocol="http",reason="a b"} 34
checks_other 7
`
	if got, err := total(strings.NewReader(shown), "checks"); got != 1234 || err != nil {
		t.Errorf("%v, %v, want 1234", got, err)
	}
	if got, err := total(strings.NewReader(shown), "none"); got != 0 || err != nil {
		t.Errorf("%v, %v, want 0", got, err)
	}
}

// If this failed, the CPU time of another program would be taken for that of a server, or none.
func TestCPUOfWhoListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	pid := listener(port)
	if pid != os.Getpid() {
		t.Fatalf("process %d listens at %s, want ourselves, %d", pid, port, os.Getpid())
	}
	before := usage(pid)
	for begin := time.Now(); time.Since(begin) < 100*time.Millisecond; {
		runtime.Gosched()
	}
	if after := usage(pid); after <= before || after > time.Hour {
		t.Errorf("%v of CPU, before that %v", after, before)
	}
	if got := peak(pid); got < 1<<20 {
		t.Errorf("%.0f bytes resident, want what a program has", got)
	}
	if usage(0) != 0 {
		t.Error("a process that was not found has used CPU")
	}
}

// If this failed, what is measured would not be what the docs say: real checks, each another one, over the last hour.
func TestEventsAreRealAndDiffer(t *testing.T) {
	f, err := farm.New(2, http.HandlerFunc(answer))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := newMaker(f, t.TempDir(), 200)
	if err != nil {
		t.Fatal(err)
	}
	made, err := m.some(t.Context(), 0, 200)
	if err != nil {
		t.Fatal(err)
	}
	ids, keys, reasons := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for i, e := range made {
		var fields struct {
			Reason string
			IP     string
		}
		if err := e.Decode(&fields); err != nil || fields.IP == "" {
			t.Fatal(string(e.JSON()), err)
		}
		ids[e.ID().String()], keys[e.Key()], reasons[fields.Reason] = true, true, true
		if late := e.Time().Sub(m.begin.Add(time.Duration(i) * m.step)); late < -time.Millisecond || late > time.Second {
			t.Errorf("event %d is %v late", i, late)
		}
	}
	if len(ids) != 200 || len(keys) != 200 || !reasons["ok"] || !reasons["status"] || !reasons["body"] {
		t.Errorf("%d ids, %d targets, reasons %v", len(ids), len(keys), reasons)
	}
}

// A wrong flag must not begin a measurement of something else.
func TestWrongCalls(t *testing.T) {
	for _, args := range [][]string{nil, {"count"}, {"counts", "more"}, {"counts", "-events", "3"}, {"throughput", "-targets", "3"}} {
		if code := run(args); code != 2 {
			t.Errorf("%v: exit code %d, want 2", args, code)
		}
	}
}

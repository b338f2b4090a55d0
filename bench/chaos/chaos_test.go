//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uptimer/uptimer/internal/testservices"
	"github.com/uptimer/uptimer/internal/unhurried"
)

func TestMain(m *testing.M) { unhurried.Main(m) }

// A short run: first the table is locked, in two experiments side by side; when the control is counted, which these
// would disturb, the other faults follow.
var (
	locked = []fault{{at: 4 * time.Second, kind: lockTable, lasts: lockTable.least}}
	others = []fault{
		{kind: killProducer, lasts: time.Second},
		{kind: stopConsumer, who: 1, lasts: stopConsumer.least},
		{at: time.Second, kind: killConsumer, who: 0, lasts: time.Second},
		{at: 2 * time.Second, kind: endProducer, who: 1},
		{at: 3 * time.Second, kind: endConsumer, who: 2},
		{at: 4 * time.Second, kind: crashDatabase},
		{at: 5 * time.Second, kind: stopProducer, who: 2, lasts: 2 * time.Second},
		{at: 6 * time.Second, kind: killBroker},
		{at: 7 * time.Second, kind: stopBroker, lasts: 2 * time.Second},
		{at: 8 * time.Second, kind: endBroker},
	}
)

// If this failed, an event that a producer was told is safe could be lost, stored twice or out of order when something
// dies. Its control runs beside it, with consumers that commit one batch a partition too early, and must lose events.
func TestNothingIsLostOrDoubled(t *testing.T) {
	if testing.Short() {
		t.Skip("a minute of faults")
	}
	needInstalled(t)
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	folder, err := os.MkdirTemp("", "uptimer-chaos-test-") // not t.TempDir: PostgreSQL's account could not go there
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(folder)
	s, err := startServers(ctx, folder)
	if err != nil {
		t.Fatal(err)
	}
	defer s.stop()
	var both sync.WaitGroup
	defer both.Wait()
	counted := make(chan struct{})
	both.Go(func() {
		defer close(counted)
		err := shortRun(ctx, t, s, folder, commitBeforeStore, func(ctx context.Context, e *experiment) error { return e.suffer(ctx, locked) })
		if !errors.Is(err, errBroken) || !strings.Contains(err.Error(), "not in Postgres") {
			t.Errorf("consumers that commit too early are not found: %v", err)
		}
	})
	both.Go(func() {
		err := shortRun(ctx, t, s, folder, "", func(ctx context.Context, e *experiment) error {
			err := e.suffer(ctx, locked)
			<-counted
			return errors.Join(err, e.suffer(ctx, others))
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// needInstalled skips the test where servers of its own would have to be downloaded first: where there are none, or
// where they are containers. With CI=true that is a failure.
func needInstalled(t *testing.T) {
	t.Helper()
	programs := testservices.Find(t).PostgresPrograms
	_, noJava := exec.LookPath("java")
	jars, _ := filepath.Glob(filepath.Join(os.TempDir(), fmt.Sprintf("uptimer-services-%d/kafka/libs", os.Getuid())))
	if programs != "" && noJava == nil && len(jars) > 0 {
		return
	}
	const text = "skipped: PostgreSQL and Kafka are not installed here, and this test starts servers of its own; UPTIMER_SERVICES=native make services"
	if os.Getenv("CI") == "true" {
		t.Fatal(text)
	}
	t.Skip(text)
}

// shortRun lets faults happen and returns the verdict.
func shortRun(ctx context.Context, t *testing.T, s *servers, folder, control string, faults func(context.Context, *experiment) error) error {
	binary, err := build(ctx, s.repository, folder, control)
	if err != nil {
		return err
	}
	name := "chaos"
	if control != "" {
		name = "control"
	}
	e := newExperiment(s, binary, name, folder, 240, newSay(t.Output()))
	defer e.close()
	if err := e.start(ctx); err != nil {
		return err
	}
	tally, err := e.run(ctx, func(ctx context.Context) error { return faults(ctx, e) }, 1, 500*time.Millisecond)
	if err != nil {
		return err
	}
	e.say.line("%s", tally.table())
	return tally.verdict()
}

// If this failed, the control would not be built, or from a file that is not the one that is shipped.
func TestTheControlsPatchFits(t *testing.T) {
	source, err := os.ReadFile(filepath.Join("../..", commitEarly.file))
	if err != nil {
		t.Fatal(err)
	}
	patched, err := commitEarly.apply(source)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := commitEarly.apply(patched); err == nil {
		t.Error("it fits twice")
	}
	if got := len(patched) - len(source); got != len(commitEarly.new)-len(commitEarly.old) {
		t.Errorf("%d bytes more", got)
	}
}

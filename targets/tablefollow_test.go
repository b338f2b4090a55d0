package targets

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/uptimer/uptimer/internal/testservices"
	"github.com/uptimer/uptimer/internal/unhurried"
)

// waitFor bounds every wait here, generously.
const waitFor = 30 * time.Second

// followed is a table that is followed.
type followed struct {
	t    *testing.T
	url  string
	asks *pgx.Conn
	saw  chan string // the URLs of each list, or the mistakes
}

// follow follows a table in a database of the test's own until the test ends.
func follow(t *testing.T) *followed {
	t.Helper()
	f := &followed{t: t, url: migrated(t), saw: make(chan string, 100)}
	f.asks = connect(t, f.url)
	s := fromTable(f.url)
	first, err := s.LoadAll(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	whole := slices.Clone(first.Targets)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Watch(ctx, nil, func(l *List) error {
			whole = l.Onto(whole)
			urls := shown(&List{Targets: whole})
			slices.Sort(urls)
			f.saw <- strings.Join(urls, " ")
			return nil
		}, func(err error) { f.saw <- err.Error() })
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	unhurried.Until(t, "somebody listens", func() bool { return f.listeners() == 1 })
	return f
}

// listeners are the connections that wait for notifications.
func (f *followed) listeners() (n int) {
	const waiting = `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT txid_snapshot_xmin%' AND state = 'idle'`
	if err := f.asks.QueryRow(f.t.Context(), waiting).Scan(&n); err != nil {
		f.t.Fatal(err)
	}
	return n
}

// wants runs a statement and waits for what is reported.
func (f *followed) wants(want, sql string) {
	f.t.Helper()
	testservices.Exec(f.t, f.url, sql)
	f.next(want, sql)
}

func (f *followed) next(want, what string) {
	f.t.Helper()
	select {
	case got := <-f.saw:
		if !strings.Contains(got, want) || want == "" && got != "" {
			f.t.Errorf("%s: reported %q, want %q", what, got, want)
		}
	case <-time.After(waitFor):
		f.t.Fatalf("%s: nothing is reported, want %q", what, want)
	}
}

// If this failed, a change of the table would take effect late, or never, or a mistake in it would stop all checks. Seen to
// fail without the notification, and without the look after each connection.
func TestFollowingTheTable(t *testing.T) {
	f := follow(t)
	insert := func(url string) string {
		list := load(t, url)
		return fmt.Sprintf(`INSERT INTO targets (target_id, target) VALUES ('%s', '%s')`, list.Targets[0].ID, url)
	}
	f.wants("tcp://a.example:1", insert("tcp://a.example:1"))
	f.wants("tcp://a.example:1 tcp://b.example:1", insert("tcp://b.example:1"))
	f.wants("tcp://a.example:1", `UPDATE targets SET enabled = false WHERE target = 'tcp://b.example:1'`)
	f.wants("tcp://a.example:1 tcp://b.example:1", `UPDATE targets SET enabled = true`)
	f.wants("tcp://a.example:1 tcp://c.example:1", `UPDATE targets SET url = 'tcp://c.example:1', name = 'c' WHERE target = 'tcp://b.example:1'`)
	f.wants("only for http targets", `UPDATE targets SET regex = 'x' WHERE name = 'c'`)
	testservices.Exec(t, f.url, `UPDATE targets SET "interval" = '7' WHERE target = 'tcp://a.example:1'`) // is not said again
	f.wants("tcp://a.example:1 tcp://c.example:1", `UPDATE targets SET regex = NULL`)
	f.wants("tcp://a.example:1", `DELETE FROM targets WHERE name = 'c'`)

	// What changes while nobody listens.
	testservices.Exec(t, f.url, `DO $$ BEGIN
		PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT txid_snapshot_xmin%';
		INSERT INTO targets (target_id, target) VALUES (gen_random_uuid(), 'tcp://d.example:1');
	END $$`)
	f.next("tcp://a.example:1 tcp://d.example:1", "a dropped connection")
	unhurried.Until(t, "somebody listens again", func() bool { return f.listeners() == 1 })
	f.wants("", `TRUNCATE targets`)
	if len(f.saw) > 0 {
		t.Errorf("reported beside: %q", <-f.saw)
	}
}

// If this failed, a pooler or a standby, from which no notifications come, would leave the list as it is for ever.
func TestAChangeThatNobodyNotifiesOf(t *testing.T) {
	set(t, &askEvery, 100*time.Millisecond)
	f := follow(t)
	conn := connect(t, f.url)
	if _, err := conn.Exec(t.Context(), `SET session_replication_role = replica; -- no triggers
		INSERT INTO targets (target_id, target) VALUES (`+idSQL("tcp://a.example:1")+`, 'tcp://a.example:1');
		INSERT INTO target_changes VALUES (txid_current(), `+idSQL("tcp://a.example:1")+`)`); err != nil {
		t.Fatal(err)
	}
	f.next("tcp://a.example:1", "a silent change")
}

// If this failed, what was changed with the triggers off, as some programs that copy databases do, would never be seen.
func TestAChangeThatNobodyNotes(t *testing.T) {
	set(t, &readEvery, 100*time.Millisecond)
	f := follow(t)
	conn := connect(t, f.url)
	if _, err := conn.Exec(t.Context(), `SET session_replication_role = replica; -- no triggers
		INSERT INTO targets (target_id, target) VALUES (gen_random_uuid(), 'tcp://a.example:1')`); err != nil {
		t.Fatal(err)
	}
	f.next("tcp://a.example:1", "a change that is not noted")
}

// set sets a variable for a test.
func set[T any](t *testing.T, v *T, to T) {
	before := *v
	*v = to
	t.Cleanup(func() { *v = before })
}

// If this failed, a reload asked for by SIGHUP would not read the table, or Watch would not end.
func TestReloadOfATable(t *testing.T) {
	s := fromTable(migrated(t))
	reload, saw := make(chan struct{}, 1), make(chan int, 10)
	ctx, cancel := context.WithCancel(t.Context())
	reload <- struct{}{}
	go func() {
		<-saw
		cancel()
	}()
	s.Watch(ctx, reload, func(l *List) error { saw <- len(l.Targets); return nil }, func(err error) { t.Error(err) })
}

package postgres

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/eventstest"
	"github.com/uptimer/uptimer/internal/database"
	"github.com/uptimer/uptimer/internal/setting"
	"github.com/uptimer/uptimer/internal/testservices"
	"github.com/uptimer/uptimer/internal/unhurried"
)

// starting begins Start and returns what waits for its end.
func starting(t *testing.T, w *Writer) (cancel func(), ended chan error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended = make(chan error, 1)
	go func() { ended <- w.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := w.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return cancel, ended
}

// If this failed, a program that can never store would seem to run, or not say what is wrong, or say the password.
func TestRefusedForGood(t *testing.T) {
	s := testservices.Find(t)
	url := migrated(t)
	secured := strings.Replace(url, "sslmode=disable", "sslmode=verify-full&sslrootcert=", 1)
	name := nameOf(url)
	testservices.Exec(t, url, "CREATE ROLE "+name+"_reader LOGIN PASSWORD 'swordfish'", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO "+name+"_reader",
		"CREATE ROLE "+name+"_writer LOGIN PASSWORD 'swordfish'", "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO "+name+"_writer")
	t.Cleanup(func() {
		for _, role := range []string{"_reader", "_writer"} {
			testservices.Exec(t, url, "DROP OWNED BY "+name+role, "DROP ROLE "+name+role)
		}
	})
	for what, c := range map[string]struct{ url, want string }{
		"password":    {testservices.URLOf(t, url, "", "swordfish", ""), `password authentication failed for user "uptimer" (SQLSTATE 28P01)`},
		"user":        {testservices.URLOf(t, url, "nobody", "swordfish", ""), "(SQLSTATE 28P01)"},
		"database":    {testservices.URLOf(t, url, "", "", "nowhere"), `database "nowhere" does not exist (SQLSTATE 3D000)`},
		"certificate": {secured + s.ClientCertFile, "x509: certificate signed by unknown authority"},
		"tables":      {testservices.URLOf(t, url, name+"_reader", "swordfish", ""), "no permission to INSERT table "},
		"partitions":  {testservices.URLOf(t, url, name+"_writer", "swordfish", ""), "(SQLSTATE 42501)"},
	} {
		log := &logged{}
		w := open(t, log, "DATABASE_URL="+c.url)
		_, ended := starting(t, w)
		select {
		case err := <-ended:
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error()+log.String(), "swordfish") || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: %v, want a line with %q and without the password", what, err, c.want)
			}
		case <-time.After(eventstest.Patience):
			t.Errorf("%s: Start has not returned\n%s", what, log)
		}
		if _, err := w.Write(t.Context(), eventstest.Dummies(t, 1)); !errors.Is(err, events.ErrRefused) {
			t.Errorf("%s: Write: %v, want events.ErrRefused", what, err)
		}
	}
}

// If this failed, a consumer whose topic is quiet would end when the database, weeks after its start, has another
// password for a while. (Seen to fail with only what was stored counted.)
func TestARefusalAfterAGoodStartMayMendItself(t *testing.T) {
	url := migrated(t)
	w := started(t, "DATABASE_URL="+url)
	good := w.config.URL
	w.disconnect(t.Context())
	w.config.URL = setting.Secret(testservices.URLOf(t, url, "", "swordfish", ""))
	if _, err := w.Write(t.Context(), eventstest.Dummies(t, 1)); !database.Refused(err) || errors.Is(err, events.ErrRefused) {
		t.Errorf("with another password: %v, want an error that is worth another try", err)
	}
	w.config.URL = good
	write(t, w, eventstest.Dummies(t, 1)...)
}

// If this failed, a writer that may not make tables could not be used beside one that does.
func TestAUserWhoOwnsNothing(t *testing.T) {
	url := migrated(t)
	started(t, "DATABASE_URL="+url) // makes the partitions
	name := nameOf(url)
	testservices.Exec(t, url, "CREATE ROLE "+name+" LOGIN PASSWORD 'swordfish'", "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO "+name)
	t.Cleanup(func() { testservices.Exec(t, url, "DROP OWNED BY "+name, "DROP ROLE "+name) })
	w := started(t, "DATABASE_URL="+testservices.URLOf(t, url, name, "swordfish", ""))
	write(t, w, append(eventstest.Checks(t, 5), eventstest.Dummies(t, 5)...)...)
}

// If this failed, a start on a standby would seem to be good, and nobody be told why nothing is stored; or uptimer have to
// be started again when the standby takes over. (Seen to fail without the question: the partitions are there, and all
// else is only read.)
func TestAServerThatIsReadOnly(t *testing.T) {
	url := migrated(t)
	started(t, "DATABASE_URL="+url) // makes the partitions
	name := nameOf(url)
	testservices.Exec(t, url, "ALTER DATABASE "+name+" SET default_transaction_read_only = on")
	log := &logged{}
	w := open(t, log, "DATABASE_URL="+url)
	_, ended := starting(t, w)
	unhurried.Until(t, "the log says so", func() bool { return log.times("the server is read-only") == 1 })
	testservices.Exec(t, url+"&default_transaction_read_only=off", "ALTER DATABASE "+name+" RESET default_transaction_read_only")
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	write(t, w, eventstest.Dummies(t, 1)...)
}

// If this failed, a person would not learn what to do, or learn it a thousand times, or have to start uptimer again
// afterwards.
func TestADatabaseThatIsNotMigrated(t *testing.T) {
	url := testservices.Database(t)
	log := &logged{}
	w := open(t, log, "DATABASE_URL="+url)
	_, ended := starting(t, w)
	unhurried.Until(t, "the log says what to do", func() bool { return log.times("run `uptimer migrate`") == 1 })
	time.Sleep(2 * startPause)
	migrate(t, url)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	write(t, w, eventstest.Checks(t, 5)...)
	if log.times("run `uptimer migrate`") != 1 || log.times("the database is migrated") != 1 {
		t.Errorf("the log is\n%s", log)
	}
}

// If this failed, uptimer would have to be started after the database.
func TestADatabaseThatIsAwayAtTheStart(t *testing.T) {
	server := testservices.NewServer(t)
	migrate(t, server.URL)
	server.Stop(t, "fast")
	log := &logged{}
	w := open(t, log, "DATABASE_URL="+server.URL)
	_, ended := starting(t, w)
	unhurried.Until(t, "the log says so", func() bool { return log.times("the database cannot be used; waiting for it") == 1 })
	server.Start(t)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	write(t, w, eventstest.Checks(t, 5)...)
	if log.times("level=ERROR") != 1 || log.times("the database can be used") != 1 {
		t.Errorf("the log is\n%s", log)
	}
}

// If this failed, the program could not be ended while it waits for a database.
func TestWaitingEndsWithItsContext(t *testing.T) {
	w := open(t, &logged{}, "DATABASE_URL=postgres://uptimer@127.0.0.1:9/none?sslmode=disable")
	cancel, ended := starting(t, w)
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// If this failed, an acknowledged event could be lost in a power cut, where the server answers before it is on disk; or
// somebody who has asked for more than that would get less. (The crashes in TestCrashesOfTheServer show the first, too.)
func TestWhatATransactionSpellsOut(t *testing.T) {
	for set, want := range map[string]string{"off": "on", "local": "local", "remote_apply": "remote_apply"} {
		url := migrated(t)
		name := nameOf(url)
		testservices.Exec(t, url, "ALTER DATABASE "+name+" SET synchronous_commit = "+set, "ALTER DATABASE "+name+" SET timezone = 'Asia/Tokyo'",
			`ALTER TABLE events ADD COLUMN settings text DEFAULT concat_ws(' ', current_setting('synchronous_commit'),
				current_setting('transaction_isolation'), current_setting('timezone'), current_setting('application_name'))`)
		write(t, started(t, "DATABASE_URL="+url), eventstest.Dummies(t, 1)...)
		if got := one[string](t, url, "SELECT settings FROM events"); got != want+" read committed UTC uptimer" {
			t.Errorf("%s: stored with %s", set, got)
		}
	}
}

// If this failed, wrong settings would be found one after the other, or show the password.
func TestWrongSettings(t *testing.T) {
	for url, want := range map[string]string{
		"":                                      `DATABASE_URL: not set; want the address of a database such as postgres://user:password@host:5432/name`,
		"postgres://u:sword%zzfish@h/db":        `DATABASE_URL="(hidden)": cannot be read (failed to parse as URL); want the address of a database such as postgres://user:password@host:5432/name`,
		"postgres://u:swordfish@h:port/db":      `DATABASE_URL="(hidden)": cannot be read (invalid port); want the address of a database such as postgres://user:password@host:5432/name`,
		"host=h password=swordfish sslmode=off": `DATABASE_URL="(hidden)": cannot be read (failed to configure TLS); want the address of a database such as postgres://user:password@host:5432/name`,
		"postgres://u:swordfish@h/db?sslmode=verify-full&sslrootcert=/no/ca.pem": `DATABASE_URL="(hidden)": cannot be read (open /no/ca.pem: no such file or directory); want the address of a database such as postgres://user:password@host:5432/name`,
		"postgres://u:word@swordfish@h/db":                                       `DATABASE_URL="(hidden)": a host with an @ in it; want %40 for each @ in the password`,
		"postgres://u:word@swordfish@g,h/db":                                     `DATABASE_URL="(hidden)": a host with an @ in it; want %40 for each @ in the password`,
		"swordfish":                                                              `DATABASE_URL="(hidden)": cannot be read (failed to parse as keyword/value); want the address of a database such as postgres://user:password@host:5432/name`,
	} {
		c := Config{PageSize: 5000}
		c.URL = setting.Secret(url)
		if err := c.Validate(); err == nil || err.Error() != want {
			t.Errorf("%q:\n%v, want\n%s", url, err, want)
		}
	}
	c := Config{PageSize: 0, Timeout: -1}
	c.URL = "postgres://h/db"
	const want = `POSTGRES_PAGESIZE="0": out of range; want 1 to 100000
POSTGRES_QUEUE_TIMEOUT="-1ns": out of range; want 0 to 1h`
	if err := c.Validate(); err == nil || err.Error() != want {
		t.Errorf("%v, want\n%s", err, want)
	}
}

package targets

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// watched is a file that is followed in fake time.
type watched struct {
	t      *testing.T
	path   string
	source *Source
	reload chan struct{}
	times  int      // versions written so far: each has a time of its own
	saw    []string // what was reported: the URLs of a list, or the mistakes
}

// watch follows a file with that content and then does what the test says. Time stands still until it sleeps.
func watch(t *testing.T, content string, test func(*watched)) {
	path := filepath.Join(t.TempDir(), "sites.csv")
	synctest.Test(t, func(t *testing.T) {
		w := &watched{t: t, path: path, reload: make(chan struct{})}
		w.write(content)
		cfg := defaults()
		cfg.File = path
		w.source = NewSource(cfg, nil, nil)
		if _, err := w.source.Load(); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			w.source.Watch(ctx, w.reload, w.changed, w.failed)
		}()
		synctest.Wait()
		test(w)
		cancel()
		<-done
	})
}

func (w *watched) changed(list *List) error {
	w.saw = append(w.saw, strings.Join(shown(list), " "))
	return nil
}

func (w *watched) failed(err error) {
	w.saw = append(w.saw, strings.ReplaceAll(err.Error(), w.path, "sites.csv"))
}

// write replaces the content, at a time that no version had before.
func (w *watched) write(content string) {
	w.t.Helper()
	w.times++
	w.writeAt(content, w.times)
}

func (w *watched) writeAt(content string, second int) {
	w.t.Helper()
	at := time.Unix(1_700_000_000+int64(second), 0)
	if err := os.WriteFile(w.path, []byte(content), 0o600); err != nil {
		w.t.Fatal(err)
	}
	if err := os.Chtimes(w.path, at, at); err != nil {
		w.t.Fatal(err)
	}
}

// after lets some time pass and compares all that was reported since the last call.
func (w *watched) after(d time.Duration, want ...string) {
	w.t.Helper()
	time.Sleep(d)
	synctest.Wait()
	if !slices.Equal(w.saw, want) {
		w.t.Errorf("reported %q, want %q", w.saw, want)
	}
	w.saw = nil
}

// missing is what is said of a file that is not there.
func missing(t *testing.T) string {
	_, err := os.Stat(filepath.Join(t.TempDir(), "none"))
	return `PROBE_TARGETS_FILE="sites.csv": cannot be read: ` + pathless(err).Error() + `; want the path of a .csv, .yaml or .yml file that this user may read`
}

// A user's change would not take effect, or only after a restart.
func TestAChangeIsRead(t *testing.T) {
	watch(t, "a.example\n", func(w *watched) {
		w.after(10 * time.Second)
		w.write("a.example\nb.example\n")
		w.after(2500*time.Millisecond, "https://a.example https://b.example")
		w.after(10 * time.Second)
	})
}

// A file that is still being written would be taken for a list from which most targets were removed. Seen to fail
// when look does not ask for quiet.
func TestAHalfWrittenFileIsLeftAlone(t *testing.T) {
	watch(t, "a.example\n", func(w *watched) {
		for _, content := range []string{"a.exam", "a.example\nb.e", "a.example\nb.example\nc."} {
			w.write(content)
			w.after(time.Second)
		}
		w.write("a.example\nb.example\nc.example\n")
		w.after(3*time.Second, "https://a.example https://b.example https://c.example")
	})
}

// A slip of the pen would stop all probing, or fill the log each second. Seen to fail when look compares looks only.
func TestABrokenVersionIsReportedOnce(t *testing.T) {
	const mistake = `sites.csv:1: url="htp://a.example": unknown scheme htp, did you mean http? want http, https, tcp or icmp`
	watch(t, "a.example\n", func(w *watched) {
		w.write("htp://a.example\n")
		w.after(10*time.Second, mistake)
		w.write("htp://a.example\n") // only touched
		w.after(10 * time.Second)
		w.write("a.example\n") // as it was before
		w.after(10*time.Second, "https://a.example")
		w.write("\n")
		w.after(10*time.Second, `PROBE_TARGETS_FILE="sites.csv": nothing to probe: the list is empty, and PROBE_URLS names nothing; want for example PROBE_URLS=https://example.com uptimer`)
	})
}

// A file that somebody deletes by accident would stop all probing, and one that comes back would not be seen.
func TestADeletedFile(t *testing.T) {
	gone := missing(t)
	watch(t, "a.example\n", func(w *watched) {
		if err := os.Remove(w.path); err != nil {
			t.Fatal(err)
		}
		w.after(10*time.Second, gone)
		w.writeAt("a.example\n", 1) // the very same
		w.after(10*time.Second, "https://a.example")
	})
}

// An operator who sends SIGHUP would wait, or not hear whether it worked.
func TestReloadIsAtOnceAndAlwaysReported(t *testing.T) {
	watch(t, "a.example\n", func(w *watched) {
		w.reload <- struct{}{}
		w.after(0, "https://a.example")
		w.write("x y\n")
		const mistake = `sites.csv:1: url="x y": holds a space or control character (U+0020); want it percent-encoded, a space as %20`
		w.reload <- struct{}{}
		w.after(0, mistake)
		w.reload <- struct{}{}
		w.after(10*time.Second, mistake)
		w.write("b.example\n")
		w.reload <- struct{}{}
		w.after(10*time.Second, "https://b.example")
	})
}

// A closed reload channel would make the loop spin.
func TestAClosedReloadChannel(t *testing.T) {
	watch(t, "a.example\n", func(w *watched) {
		close(w.reload)
		w.after(10 * time.Second)
		w.write("b.example\n")
		w.after(3*time.Second, "https://b.example")
	})
}

// A Kubernetes ConfigMap changes by a symbolic link that points elsewhere; its change would not be seen.
func TestASwappedSymbolicLink(t *testing.T) {
	watch(t, "a.example\n", func(w *watched) {
		dir := filepath.Dir(w.path)
		file := w.path
		w.path = filepath.Join(dir, "data")
		w.writeAt("b.example\n", 1) // same size and time as the first
		link := filepath.Join(dir, "link")
		if err := os.Symlink("data", link); err != nil {
			t.Skip(err)
		}
		if err := os.Rename(link, file); err != nil {
			t.Fatal(err)
		}
		w.after(3*time.Second, "https://b.example")
	})
}

// On a file system whose times are coarse, the second of two quick changes would never be seen. Seen to fail with
// confirmAfter 0.
func TestTwoChangesThatLookAlike(t *testing.T) {
	watch(t, "a.example\n", func(w *watched) {
		w.write("b.example\n")
		w.after(2500*time.Millisecond, "https://b.example")
		w.writeAt("c.example\n", w.times)
		w.after(4*time.Second, "https://c.example")
	})
}

// A change between the first reading and the start of Watch would be lost.
func TestAChangeBeforeWatch(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sites.csv")
	synctest.Test(t, func(t *testing.T) {
		w := &watched{t: t, path: path}
		w.write("a.example\n")
		cfg := defaults()
		cfg.File = path
		s := NewSource(cfg, nil, nil)
		if _, err := s.Load(); err != nil {
			t.Fatal(err)
		}
		w.writeAt("b.example\n", 1)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		s.Watch(ctx, nil, w.changed, w.failed)
		w.after(0, "https://b.example")
	})
}

// Options would be held twice, and every target be taken for changed, after a reload.
func TestOptionsKeepTheirPointerAcrossVersions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sites.csv")
	w := &watched{t: t, path: path}
	w.write("a.example,30,x\nb.example,30,x\n")
	cfg := defaults()
	cfg.File = path
	s := NewSource(cfg, nil, nil)
	first, err := s.Load()
	if err != nil {
		t.Fatal(err)
	}
	w.write("c.example\nb.example,30,x\n")
	second, err := s.Load()
	if err != nil {
		t.Fatal(err)
	}
	if first.Targets[0].Options != first.Targets[1].Options || first.Targets[1].Options != second.Targets[1].Options {
		t.Error("equal options have several pointers")
	}
	if first.Targets[0].Origin != second.Targets[0].Origin {
		t.Error("the list has a new origin")
	}
}

// Without a file there is nothing to follow; SIGHUP would empty the list or end the process.
func TestWatchWithoutAFile(t *testing.T) {
	for _, file := range []string{"", Stdin} {
		synctest.Test(t, func(t *testing.T) {
			cfg := defaults()
			cfg.URLs, cfg.File = "a.example", file
			s := NewSource(cfg, nil, strings.NewReader("b.example\n"))
			if _, err := s.Load(); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			reload := make(chan struct{}, 1)
			reload <- struct{}{}
			s.Watch(ctx, reload, func(*List) error { t.Error("changed"); return nil }, func(err error) { t.Error(err) })
			if len(reload) != 0 {
				t.Error("the signal was left lying")
			}
		})
	}
}

// A list that cannot be read would be taken for an empty one, or block the start.
func TestFilesThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	cfg := defaults()
	cfg.File = filepath.Join(dir, "none.csv")
	_, err := NewSource(cfg, nil, nil).Load()
	checkMistakes(t, "missing", err, strings.ReplaceAll(missing(t), "sites.csv", cfg.File))
	cfg.File = filepath.Join(dir, "dir.yaml")
	if err := os.Mkdir(cfg.File, 0o700); err != nil {
		t.Fatal(err)
	}
	_, err = NewSource(cfg, nil, nil).Load()
	checkMistakes(t, "directory", err, `PROBE_TARGETS_FILE="`+cfg.File+`": cannot be read: it is a directory; want the path of a .csv, .yaml or .yml file that this user may read`)
}

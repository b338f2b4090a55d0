package targets

import (
	"context"
	"hash/maphash"
	"io"
	"os"
	"sync"
	"time"
)

// version is what tells one content of the file from another.
type version struct {
	sum     uint64 // of the content
	failure string // why there is no content
}

// lookEvery is how often the file is looked at.
const lookEvery = time.Second

// confirmAfter is how many looks after a change the content is read once more: file systems with coarse times show
// two writes within a second or two as one.
const confirmAfter = 3

// Watch follows the file and the table until ctx ends, and then returns. Each new version is handed to changed; one that
// has mistakes to failed, once, as setting.Mistakes: the list that was handed over last is still good. A value on
// reload (SIGHUP) reads all at once and reports in any case; with variables alone it does nothing. Both functions are
// called by the goroutine that called Watch.
//
// The file is looked at once a second, on purpose: notifications of the kernel do not come from network file
// systems, and are lost where the file is replaced under a bind mount or by the symbolic links of a Kubernetes
// ConfigMap. It is read when it has been the same for one look, so that a file which is being written is left alone.
//
// The table says by NOTIFY that it has changed; it is asked once a minute too. While the database is away the list stays
// as it is, also if the file has changed: they are one list.
func (s *Source) Watch(ctx context.Context, reload <-chan struct{}, changed func(*List), failed func(error)) {
	w := watcher{source: s, changed: changed, failed: failed}
	var looks <-chan time.Time
	if s.followed() {
		ticker := time.NewTicker(lookEvery)
		defer ticker.Stop()
		looks = ticker.C
		w.start()
	}
	rows := make(chan struct{}, 1)
	if s.table != nil {
		var following sync.WaitGroup
		defer following.Wait()
		following.Go(func() { s.table.follow(ctx, rows) })
	}
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case _, open := <-reload:
			if !open {
				reload = nil
			} else if s.followed() || s.table != nil {
				w.refused = ""
				w.report(ctx)
			}
		case <-looks:
			if w.look() {
				w.refused = ""
				w.report(ctx)
			}
		case <-rows:
			if s.table.stale() {
				w.report(ctx)
			}
		case <-w.again:
			w.report(ctx)
		}
	}
}

// followed tells whether there is a file to follow. Variables cannot change, and standard input is read once.
func (s *Source) followed() bool { return s.cfg.File != "" && s.cfg.File != Stdin }

// watcher knows how the file looked, and what was said.
type watcher struct {
	source  *Source
	changed func(*List)
	failed  func(error)
	refused string           // the mistakes that were said last: rows that are wrong stay so while others change
	again   <-chan time.Time // the list could not be read, and is to be then
	last    os.FileInfo      // at the last look; nil: it was not there
	settled os.FileInfo      // when its content was compared last
	confirm int              // looks until the content is compared although nothing seems changed
}

// report reads the list, and hands it or its mistakes over.
func (w *watcher) report(ctx context.Context) {
	w.again = nil
	list, err := w.source.LoadAll(ctx)
	switch {
	case ctx.Err() != nil:
		return
	case Unread(err):
		w.source.table.trouble(err)
		w.again = time.After(tablePause)
	case err == nil:
		w.refused = ""
		w.changed(list)
	case err.Error() != w.refused:
		w.refused = err.Error()
		w.failed(err)
	}
	if w.source.followed() {
		w.start()
	}
}

// start begins after a version was read. Its content is compared once more, for it may have changed since.
func (w *watcher) start() {
	w.last, _ = os.Stat(w.source.cfg.File)
	w.settled = w.last
	w.confirm = confirmAfter
}

// look tells whether there is a new version to read.
func (w *watcher) look() bool {
	now, _ := os.Stat(w.source.cfg.File)
	quiet := sameLook(now, w.last)
	w.last = now
	if w.confirm > 0 {
		w.confirm--
		quiet = quiet && (w.confirm == 0 || !sameLook(now, w.settled))
	} else if sameLook(now, w.settled) && w.source.read.failure == "" {
		return false // a file that could not be read is tried each time: new permissions do not show
	}
	if !quiet {
		return false
	}
	w.settled = now
	return w.source.version() != w.source.read
}

// sameLook compares which file it is, its size and its time.
func sameLook(a, b os.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// version reads the file without looking for targets, which costs little.
func (s *Source) version() version {
	file, err := openRegular(s.cfg.File)
	if err != nil {
		return version{failure: pathless(err).Error()}
	}
	defer file.Close()
	var sum maphash.Hash
	sum.SetSeed(s.seed)
	if _, err := io.Copy(&sum, file); err != nil {
		return version{failure: pathless(err).Error()}
	}
	return version{sum: sum.Sum64()}
}

package targets

import (
	"context"
	"errors"
	"hash/maphash"
	"io"
	"os"
	"sync"
	"syscall"
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

// Watch follows the file and the table until ctx ends, and then returns. Each new version is handed to changed, which
// returns an error if it cannot be put in force; that, and one with mistakes (setting.Mistakes), is handed to failed, once:
// the list that changed has taken last is still good. With a table it is only a part of the list, see List.Part: what is
// different from that last one, or from what LoadAll has read. A value on reload (SIGHUP) reads all at once and reports in
// any case; with variables alone it does nothing. Both functions are called by the goroutine that called Watch.
//
// The file is looked at once a second, on purpose: notifications of the kernel do not come from network file
// systems, and are lost where the file is replaced under a bind mount or by the symbolic links of a Kubernetes
// ConfigMap. It is read when it has been the same for one look, so that a file which is being written is left alone.
//
// The table says by NOTIFY that it has changed; it is asked once a minute too. Only the rows that have changed are read
// then, and all once an hour. While the database is away the list stays as it is, also if the file has changed: they are
// one list.
func (s *Source) Watch(ctx context.Context, reload <-chan struct{}, changed func(*List) error, failed func(error)) {
	w := watcher{source: s, changed: changed, failed: failed}
	var looks, reads <-chan time.Time
	if s.followed() {
		ticker := time.NewTicker(lookEvery)
		defer ticker.Stop()
		looks = ticker.C
		w.start()
	}
	rows := make(chan struct{}, 1)
	if s.table != nil {
		s.accept(s.first)
		s.first = nil
		ticker := time.NewTicker(readEvery)
		defer ticker.Stop()
		reads = ticker.C
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
				w.all, w.asked, w.refused = true, true, ""
				w.report(ctx)
			}
		case <-looks:
			if w.look() {
				w.all, w.refused = true, ""
				w.report(ctx)
			}
		case <-reads:
			w.all = true
			w.report(ctx)
		case <-rows:
			w.report(ctx)
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
	changed func(*List) error
	failed  func(error)
	all     bool             // is to be read the next time, not only what may have changed
	asked   bool             // somebody waits for a report
	refused string           // the mistakes that were said last: rows that are wrong stay so while others change
	again   <-chan time.Time // the list could not be read, and is to be then
	last    os.FileInfo      // at the last look; nil: it was not there
	settled os.FileInfo      // when its content was compared last
	confirm int              // looks until the content is compared although nothing seems changed
}

// report reads the list, and hands it or its mistakes over.
func (w *watcher) report(ctx context.Context) {
	w.again = nil
	if t := w.source.table; t != nil && t.dispel() {
		w.all = true
	}
	next, err := w.source.readNext(ctx, w.all)
	if ctx.Err() != nil {
		return
	}
	if Unread(err) {
		w.source.table.trouble(err)
		w.again = time.After(tablePause)
	} else {
		if err == nil {
			err = w.take(next)
		}
		if err != nil && err.Error() != w.refused {
			w.refused = err.Error()
			w.failed(err)
		}
		w.all, w.asked = false, false
	}
	if w.source.followed() {
		w.start()
	}
}

// take hands a list over, unless nothing is different and nobody waits to hear so.
func (w *watcher) take(next *reading) error {
	list := next.list
	if !list.Part || len(list.Targets)+len(list.Gone) > 0 || w.asked || w.refused != "" {
		if err := w.changed(list); err != nil {
			return err
		}
	}
	w.refused = ""
	w.source.accept(next)
	return nil
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
	found, known := w.source.version()
	if !known {
		w.confirm = 1 // what has changed, if anything, is found out by the next look
		return false
	}
	w.settled = now
	return found != w.source.read
}

// sameLook compares which file it is, its size and its time.
func sameLook(a, b os.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// version reads the file without looking for targets, which costs little. It is not known while we have no descriptor
// to read it with: that says nothing of the file.
func (s *Source) version() (v version, known bool) {
	file, err := openRegular(s.cfg.File)
	if err != nil {
		return version{failure: pathless(err).Error()}, !errors.Is(err, syscall.EMFILE) && !errors.Is(err, syscall.ENFILE)
	}
	defer file.Close()
	var sum maphash.Hash
	sum.SetSeed(s.seed)
	if _, err := io.Copy(&sum, file); err != nil {
		return version{failure: pathless(err).Error()}, true
	}
	return version{sum: sum.Sum64()}, true
}

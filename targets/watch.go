package targets

import (
	"context"
	"hash/maphash"
	"io"
	"os"
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

// Watch follows the file until ctx ends, and then returns. Each new version is handed to changed; one that has
// mistakes to failed, once, as setting.Mistakes: the list that was handed over last is still good. A value on
// reload (SIGHUP) reads the file at once and reports in any case; without a file it does nothing. Both functions are
// called by the goroutine that called Watch.
//
// The file is looked at once a second, on purpose: notifications of the kernel do not come from network file
// systems, and are lost where the file is replaced under a bind mount or by the symbolic links of a Kubernetes
// ConfigMap. It is read when it has been the same for one look, so that a file which is being written is left alone.
func (s *Source) Watch(ctx context.Context, reload <-chan struct{}, changed func(*List), failed func(error)) {
	report := func() {
		if list, err := s.Load(); err != nil {
			failed(err)
		} else {
			changed(list)
		}
	}
	var looks <-chan time.Time
	w := watcher{source: s}
	if s.followed() {
		ticker := time.NewTicker(lookEvery)
		defer ticker.Stop()
		looks = ticker.C
		w.start()
	}
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case _, open := <-reload:
			if !open {
				reload = nil
			} else if s.followed() {
				report()
				w.start()
			}
		case <-looks:
			if w.look() {
				report()
				w.start()
			}
		}
	}
}

// followed tells whether there is a file to follow. Variables cannot change, and standard input is read once.
func (s *Source) followed() bool { return s.cfg.File != "" && s.cfg.File != Stdin }

// watcher knows how the file looked.
type watcher struct {
	source  *Source
	last    os.FileInfo // at the last look; nil: it was not there
	settled os.FileInfo // when its content was compared last
	confirm int         // looks until the content is compared although nothing seems changed
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

package http

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"

	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/targets"
)

// Check checks one URL. At rest it is small: what it shares with others is in options, and it is parsed again for
// each run.
type Check struct {
	probe   *Probe
	options *options
	url     string
	closed  bool // guarded by probe.mu
}

// Run checks once: the request, and those that redirects ask for.
func (c *Check) Run(ctx context.Context) (probes.Result, error) {
	r := run{check: c, watch: probes.StartStopwatch()}
	r.details.Method = c.options.method
	if c.options.regex != nil {
		r.details.Regex = c.options.regex.String()
	}
	defer r.dropInPanic()
	err := r.follow(ctx)
	r.ended = true
	if c.options.keepAlive && r.spare != nil {
		c.probe.keep(c, r.spare)
	}
	details := r.details // alone, so that a result does not keep the run
	return probes.NewResult(Title, &r.watch, r.ip, err, &details)
}

// Close closes the connection that was kept alive. It may be called while the check runs for the last time.
func (c *Check) Close() error {
	c.probe.forget(c)
	return nil
}

// run is one run of a check.
type run struct {
	check   *Check
	watch   probes.Stopwatch
	ip      netip.Addr
	details Details
	spare   *conn // to the target's own host, for the next run
	opened  *conn // the last
	ended   bool
}

// dropInPanic closes what a panic has left open.
func (r *run) dropInPanic() {
	if r.ended {
		return
	}
	for _, c := range []*conn{r.opened, r.spare} {
		if c != nil {
			_ = c.socket.Close()
		}
	}
}

// follow makes the first request and follows redirects to the answer, which it judges.
func (r *run) follow(ctx context.Context) error {
	o := r.check.options
	first := place{targets.Target{URL: r.check.url}.Parts()}
	h := hop{at: first, method: o.method, body: o.body}
	if o.keepAlive {
		r.spare = r.check.probe.take(r.check)
	}
	var been trail
	for {
		next, more, err := r.visit(ctx, h)
		if err != nil || !more {
			return err
		}
		been.add(h)
		if r.details.Redirects == o.redirects {
			return been.tooMany(next, o.redirects)
		}
		r.watch.Fold()
		r.details.nextHop(next.at.String())
		h = next
	}
}

// visit makes one request. more says that its answer is a redirect to next; otherwise the error is the verdict.
func (r *run) visit(ctx context.Context, h hop) (next hop, more bool, err error) {
	c, answer, err := r.exchange(ctx, h)
	if err != nil {
		return hop{}, false, err
	}
	r.details.answered(answer)
	redirected := r.check.options.redirects > 0 && followed(answer)
	var b body
	if hasBody(h.method, answer.StatusCode) && (!redirected || r.check.options.keepAlive) {
		keep := !redirected && r.check.options.regex != nil
		b, err = c.readBody(ctx, answer, int64(r.check.probe.config.MaxBody), keep)
		defer b.release()
		size := b.size // not &b.size, which would keep the whole body
		r.details.BodyBytes = &size
	} else {
		b.whole = !redirected
	}
	r.watch.StopAt(probes.Arrival(c.socket)) // judging and closing are no part of the check
	if redirected {
		next, err = h.next(answer)
		more = err == nil
	} else {
		err = r.judge(ctx, h, answer, &b, err)
		if failure := (*probes.Failure)(nil); errors.As(err, &failure) && failure.TimedOut {
			r.watch.Enter(probes.PhaseReceive) // also if it was we who took all the time
			r.watch.Stop()
		}
	}
	r.finish(c, answer, b.whole)
	return next, more, err
}

// finish closes a connection, or keeps it for the next request to the target's own host.
func (r *run) finish(c *conn, answer *http.Response, whole bool) {
	own := r.check.options.keepAlive && whole && !answer.Close && answer.StatusCode >= 200
	if !own || r.spare != nil || !c.rest() {
		c.close()
		return
	}
	r.spare = c
}

// judge says whether the answer is what was expected: first its status, then its body. failed is what went wrong
// while the body was read.
func (r *run) judge(ctx context.Context, h hop, answer *http.Response, b *body, failed error) error {
	o := r.check.options
	var failure *probes.Failure
	if failed != nil && !errors.As(failed, &failure) {
		return failed
	}
	there := hasBody(h.method, answer.StatusCode)
	if o.regex != nil && there && failed == nil && b.unknown == "" {
		if failed = r.match(ctx, toUTF8(b.text, answer.Header.Get("Content-Type"))); errors.Is(failed, context.Canceled) {
			return failed
		}
	}
	matches := r.details.MatchesRegex
	switch {
	case !o.expected.Contains(answer.StatusCode):
		return &probes.Failure{Reason: probes.Status, Text: fmt.Sprintf("answered %s; expected %s", statusText(answer.StatusCode), o.expected)}
	case failed != nil:
		return failed
	case o.regex == nil || matches != nil && *matches:
		return nil
	case !there:
		return &probes.Failure{Reason: probes.Body, Text: fmt.Sprintf("an answer %s to %s has no body that could match the regular expression", statusText(answer.StatusCode), h.method)}
	case b.unknown != "":
		return protocol("the body is encoded as %s and cannot be matched; want one of %s, or none", probes.Quote([]byte(b.unknown)), acceptEncoding)
	}
	return r.noMatch(b)
}

// match notes whether a body matches. Its error is that of probes.Regex.
func (r *run) match(ctx context.Context, text []byte) error {
	matches, err := r.check.options.regex.Match(ctx, text)
	if err == nil {
		r.details.MatchesRegex = &matches
	}
	return err
}

func (r *run) noMatch(b *body) error {
	text := fmt.Sprintf("the body (%d bytes) does not match the regular expression", b.size)
	if !b.whole {
		text = fmt.Sprintf("the first %d bytes of the body (PROBE_MAX_BODY) do not match the regular expression", b.size)
	}
	return &probes.Failure{Reason: probes.Body, Text: text}
}

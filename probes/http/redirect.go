package http

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/uptimer/uptimer/probes"
)

// followed tells whether an answer is a redirect that says where to go.
func followed(r *http.Response) bool {
	switch r.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return r.Header.Get("Location") != ""
	}
	return false
}

// next is the hop that a redirect asks for. Its error is a *probes.Failure.
func (h hop) next(r *http.Response) (hop, error) {
	location := r.Header.Get("Location")
	u, err := h.at.url().Parse(location)
	if err != nil {
		return hop{}, nowhere(r, location, "which is not a URL")
	}
	to, err := placeOf(u)
	if err != nil {
		return hop{}, nowhere(r, location, "which leads nowhere: "+err.Error())
	}
	next := hop{at: to, method: h.method, body: h.body, changed: h.changed, foreign: h.foreign}
	if !h.at.same(to) && !h.at.upgradedTo(to) {
		next.foreign = true
	}
	if to.User == nil {
		next.at.User = h.at.User
	}
	if next.foreign { // and it stays so: a way back could have been laid by the other host
		next.at.User = nil
	}
	switch r.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther:
		if h.method != http.MethodHead {
			next.method = http.MethodGet
		}
		next.body, next.changed = "", true
	}
	return next, nil
}

// nowhere is the failure of a redirect that cannot be followed. It shows the location without user and password.
func nowhere(r *http.Response, location, why string) error {
	return &probes.Failure{Reason: probes.Redirect, Text: fmt.Sprintf("answered %s to %s, %s",
		statusText(r.StatusCode), probes.Quote([]byte(withoutUser(location))), why)}
}

// withoutUser takes user and password out of a location, which need not be a proper URL.
func withoutUser(location string) string {
	if u, err := url.Parse(location); err == nil && u.Opaque == "" {
		u.User = nil
		return u.String()
	}
	return withoutPassword(location)
}

// trail is the hops of a check, to tell a loop from a long way.
type trail []string

func (t *trail) add(h hop) { *t = append(*t, h.method+" "+h.at.String()) }

// tooMany is the failure of a check with more redirects than are followed.
func (t trail) tooMany(next hop, limit int) error {
	text := fmt.Sprintf("more than %d redirects, the next to %s", limit, shortURL(next.at))
	if slices.Contains(t, next.method+" "+next.at.String()) {
		text = fmt.Sprintf("redirects in a loop: %s comes again (gave up after %d redirects)", shortURL(next.at), limit)
	}
	return &probes.Failure{Reason: probes.Redirect, Text: text}
}

package http

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/uptimer/uptimer/internal/version"
)

var userAgent = "uptimer/" + version.Short()

// acceptEncoding names the encodings that the body reader can undo, and no other.
const acceptEncoding = "gzip, deflate"

// hop is one request of a check: the first, or one that a redirect asked for.
type hop struct {
	at      place
	method  string
	body    string
	changed bool // a redirect made a GET of it: headers that describe a body are left out
	foreign bool // a redirect led to another host: what is meant for the first is left out
}

// appendRequest writes the request of a hop. proxy is nil unless the request itself is for a proxy, in
// absolute form.
func appendRequest(out []byte, h hop, o *options, proxy *place) []byte {
	out = append(append(out, h.method...), ' ')
	if proxy != nil {
		out = append(append(out, h.at.Scheme...), "://"...)
		out = h.at.appendHost(out)
	}
	out = append(out, h.at.RequestPath()...)
	out = append(out, " HTTP/1.1\r\n"...)
	out = append(h.appendHost(append(out, "Host: "...), o), "\r\n"...)
	if !h.sends(o, "User-Agent") {
		out = appendHeader(out, "User-Agent", userAgent)
	}
	if !h.sends(o, "Accept") {
		out = appendHeader(out, "Accept", "*/*")
	}
	if !h.sends(o, "Accept-Encoding") {
		out = appendHeader(out, "Accept-Encoding", acceptEncoding)
	}
	if !o.keepAlive {
		out = appendHeader(out, "Connection", "close")
	}
	if proxy != nil {
		out = appendAuth(out, "Proxy-Authorization", proxy.User)
	}
	if !h.foreign && !h.sends(o, "Authorization") {
		out = appendAuth(out, "Authorization", h.at.User)
	}
	for _, own := range o.headers {
		if h.sends(o, own.Name) {
			out = appendHeader(out, own.Name, own.Value)
		}
	}
	if h.body != "" || h.method == http.MethodPost || h.method == http.MethodPut || h.method == http.MethodPatch {
		out = appendHeader(out, "Content-Length", strconv.Itoa(len(h.body)))
	}
	return append(append(out, "\r\n"...), h.body...)
}

// appendConnect writes the request that asks a proxy for a tunnel.
func appendConnect(out []byte, to place, proxy *place) []byte {
	out = append(append(append(out, "CONNECT "...), to.HostPort()...), " HTTP/1.1\r\n"...)
	out = appendHeader(out, "Host", to.HostPort())
	out = appendHeader(out, "User-Agent", userAgent)
	out = appendAuth(out, "Proxy-Authorization", proxy.User)
	return append(out, "\r\n"...)
}

// appendHost writes the Host header that was asked for, as long as it is about that host, or the URL's.
func (h hop) appendHost(out []byte, o *options) []byte {
	if o.host != "" && !h.foreign {
		return append(out, o.host...)
	}
	return h.at.appendHost(out)
}

// sends tells whether the target has an own header of that name and this hop is to carry it.
func (h hop) sends(o *options, name string) bool {
	if h.foreign || h.changed && len(name) > 8 && strings.EqualFold(name[:8], "Content-") {
		return false
	}
	for _, own := range o.headers {
		if strings.EqualFold(own.Name, name) {
			return true
		}
	}
	return false
}

func appendHeader(out []byte, name, value string) []byte {
	out = append(append(out, name...), ": "...)
	return append(append(out, value...), "\r\n"...)
}

func appendAuth(out []byte, name string, user *url.Userinfo) []byte {
	if user == nil {
		return out
	}
	password, _ := user.Password()
	out = append(append(out, name...), ": Basic "...)
	out = base64.StdEncoding.AppendEncode(out, []byte(user.Username()+":"+password))
	return append(out, "\r\n"...)
}

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// wanted are the fields of one event from a server that was not written here; nil is null.
type wanted map[string]any

// Servers written by others are the ones that users have: every field must be right with nginx (TLS, redirects,
// gzip, passwords), with OpenSSH's banner and with the kernel's echo.
func TestServersOfOthers(t *testing.T) {
	dir := t.TempDir()
	ca, expires := certificate(t, dir)
	web, tls := startNginx(t, dir)
	ssh := startSSH(t, dir)
	list := filepath.Join(dir, "targets.yaml")
	write(t, list, fmt.Sprintf(`
- {url: "http://%[1]s/status", name: plain, regex: "All Systems", labels: {team: a}}
- {url: "http://%[1]s/zipped", regex: "needle"}
- {url: "http://%[1]s/missing", regex: "All Systems"}
- {url: "http://%[1]s/missing", name: expected 404, expected_status: "404"}
- {url: "http://%[1]s/hop/3", name: hops}
- {url: "http://%[1]s/hop/3", name: no hops, follow_redirects: 0}
- {url: "http://%[1]s/hop/3", name: few hops, follow_redirects: 2}
- {url: "http://%[1]s/loop"}
- {url: "http://admin:secret@%[1]s/private"}
- {url: "http://%[1]s/private", name: no password}
- {url: "http://%[1]s/status", name: head, method: HEAD}
- {url: "https://%[2]s/status?q=1", name: secure}
- {url: "https://%[2]s/status", name: strange CA, tls_verify: yes}
- {url: "https://%[1]s/status", name: no TLS there}
- {url: "http://%[2]s/status", name: TLS there}
- {url: "tcp://%[3]s", name: banner, expect: "^SSH-2\\.0-OpenSSH"}
- {url: "tcp://%[3]s", name: other banner, timeout: 2, expect: "^220 "} # it never comes
- {url: "tcp://%[2]s", name: handshake, tls: yes}
- {url: "tcp://%[3]s", name: no handshake, tls: yes}
- {url: "icmp://127.0.0.1", count: 3}
- {url: "icmp://[::1]"}
`, web, tls, ssh))
	environ := []string{"PROBE_TARGETS_FILE=" + list, "PROBE_INTERVAL=-1", "PROBE_TIMEOUT=20", "PROBE_TLS_VERIFY=" + ca, "PROBE_LOCATION=lab", "PROBE_INSTANCE=me"}
	got := call(t, environ)
	events := byName(t, got.stdout)
	if len(events) != 21 {
		t.Fatalf("%d events, want 21\n%s", len(events), got.stderr)
	}
	for name, want := range wantedOf(web, tls, ssh, expires) {
		compare(t, name, events[name], want)
	}
	for name, e := range events {
		checkTimes(t, name, e)
	}
}

// wantedOf is what each of the targets must give.
func wantedOf(web, tls, ssh, expires string) map[string]wanted {
	http := func(more wanted) wanted {
		return merged(wanted{
			"schema_title": "HTTPProbeEvent", "schema_version": "1.0", "protocol": "http", "hostname": "127.0.0.1", "ip": "127.0.0.1",
			"port": port(web), "path": "/status", "location": "lab", "instance": "me", "up": true, "reason": "ok", "error": "", "labels": nil,
			"method": "GET", "status_code": 200.0, "http_version": "1.1", "regex": "", "matches_regex": nil, "redirects": 0.0, "final_url": nil,
			"tls_version": nil, "certificate_expires_at": nil,
		}, more)
	}
	tcp := wanted{
		"schema_title": "TCPProbeEvent", "protocol": "tcp", "hostname": "127.0.0.1", "ip": "127.0.0.1", "port": port(ssh), "path": nil,
		"up": true, "reason": "ok", "error": "", "tls_version": nil, "certificate_expires_at": nil, "matches_expect": nil,
	}
	icmp := wanted{"schema_title": "ICMPProbeEvent", "protocol": "icmp", "port": nil, "path": nil, "up": true, "reason": "ok", "packets_sent": 1.0, "packets_received": 1.0}
	secure := wanted{"protocol": "https", "port": port(tls), "tls_version": "TLS 1.3", "certificate_expires_at": expires}
	down := func(reason string) wanted { return wanted{"up": false, "reason": reason} }
	unanswered := wanted{"status_code": nil, "http_version": nil, "body_bytes": nil}
	return map[string]wanted{
		"plain":            http(wanted{"target_name": "plain", "labels": map[string]any{"team": "a"}, "regex": "All Systems", "matches_regex": true, "body_bytes": 24.0}),
		"/zipped":          http(wanted{"target_name": nil, "path": "/zipped", "regex": "needle", "matches_regex": true, "body_bytes": 64007.0}),
		"/missing":         http(merged(down("status"), wanted{"path": "/missing", "status_code": 404.0, "regex": "All Systems", "matches_regex": false})),
		"expected 404":     http(wanted{"path": "/missing", "status_code": 404.0}),
		"hops":             http(wanted{"path": "/hop/3", "redirects": 4.0, "final_url": "http://" + web + "/status", "body_bytes": 24.0}),
		"no hops":          http(wanted{"path": "/hop/3", "status_code": 302.0}),
		"few hops":         http(merged(down("redirect"), wanted{"path": "/hop/3", "redirects": 2.0, "status_code": 301.0, "final_url": "http://" + web + "/hop/hop/1"})),
		"/loop":            http(merged(down("redirect"), wanted{"path": "/loop", "status_code": 302.0, "redirects": 10.0, "final_url": "http://" + web + "/loop"})),
		"/private":         http(wanted{"path": "/private", "target": "http://" + web + "/private", "body_bytes": 24.0}),
		"no password":      http(merged(down("status"), wanted{"path": "/private", "status_code": 401.0})),
		"head":             http(wanted{"method": "HEAD", "body_bytes": nil}),
		"secure":           http(merged(secure, wanted{"target": "https://" + tls + "/status?q=1"})),
		"strange CA":       http(merged(secure, down("certificate"), unanswered)),
		"no TLS there":     http(merged(down("tls"), unanswered, wanted{"protocol": "https"})),
		"TLS there":        http(merged(down("status"), wanted{"status_code": 400.0, "port": port(tls)})),
		"banner":           merged(tcp, wanted{"matches_expect": true}),
		"other banner":     merged(tcp, down("body"), wanted{"matches_expect": false}),
		"handshake":        merged(tcp, wanted{"port": port(tls), "tls_version": "TLS 1.3", "certificate_expires_at": expires}),
		"no handshake":     merged(tcp, down("tls")),
		"icmp://127.0.0.1": merged(icmp, wanted{"hostname": "127.0.0.1", "ip": "127.0.0.1", "packets_sent": 3.0, "packets_received": 3.0}),
		"icmp://[::1]":     merged(icmp, wanted{"hostname": "::1", "ip": "::1"}),
	}
}

func merged(parts ...wanted) wanted {
	all := wanted{}
	for _, p := range parts {
		maps.Copy(all, p)
	}
	return all
}

func port(addr string) float64 {
	_, text, _ := net.SplitHostPort(addr)
	var n float64
	_, _ = fmt.Sscan(text, &n)
	return n
}

// byName is the events by their target's name, or by its path, or by the target itself.
func byName(t *testing.T, stdout string) map[string]wanted {
	t.Helper()
	events := map[string]wanted{}
	for line := range strings.Lines(stdout) {
		var e wanted
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		name, named := e["target_name"].(string)
		if !named && e["path"] != nil {
			name = e["path"].(string)
		} else if !named {
			name = e["target"].(string)
		}
		events[name] = e
	}
	return events
}

func compare(t *testing.T, name string, got, want wanted) {
	t.Helper()
	if up, _ := want["up"].(bool); !up {
		delete(want, "error")
		if got["error"] == "" {
			t.Errorf("%s: down, but no error says why", name)
		}
	}
	for field, value := range want {
		if fmt.Sprint(got[field]) != fmt.Sprint(value) {
			t.Errorf("%s: %s is %v, want %v (%v)", name, field, got[field], value, got["error"])
		}
	}
}

// checkTimes checks what holds for the times of every event.
func checkTimes(t *testing.T, name string, e wanted) {
	t.Helper()
	due, err := time.Parse("2006-01-02T15:04:05.000000Z", e["scheduled_at"].(string))
	began, err2 := time.Parse("2006-01-02T15:04:05.000000Z", e["event_time"].(string))
	if err != nil || err2 != nil || began.Before(due) || time.Since(began) > 10*time.Minute {
		t.Errorf("%s: due %v, began %v", name, e["scheduled_at"], e["event_time"])
	}
	sum := 0.0
	for _, v := range e["timings_ms"].(map[string]any) {
		sum += v.(float64)
	}
	if total := e["response_time_ms"].(float64); math.Abs(sum-total) > 0.0005 || total <= 0 {
		t.Errorf("%s: the phases add up to %v, the response time is %v", name, sum, total)
	}
}

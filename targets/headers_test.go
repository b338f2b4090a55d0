package targets

import (
	"slices"
	"strings"
	"testing"
)

// If one of these failed, a header or method that a list takes would be refused by the check, or be another one there.
func TestHeadersAndMethodsAsWritten(t *testing.T) {
	list := load(t, "url,method,headers\nhttps://a.example,get,host: shop.example:8080;X-Key:  a:b ;X-Empty:\nhttps://b.example,Purge,\n")
	for i, want := range []struct {
		method  string
		headers []Header
	}{
		{"GET", []Header{{"host", "shop.example:8080"}, {"X-Key", "a:b"}, {"X-Empty", ""}}},
		{"PURGE", nil},
	} {
		o := list.Targets[i].Options
		method, err := ParseMethod(o.Method)
		if method != want.method || err != nil {
			t.Errorf("method %q: got %q, %v", o.Method, method, err)
		}
		headers, err := ParseHeaders(o.Headers)
		if !slices.Equal(headers, want.headers) || err != nil {
			t.Errorf("headers %q: got %q, %v", o.Headers, headers, err)
		}
	}
}

// FuzzHeaders: a header with a line break would be a request of its own, and a message would show a secret.
func FuzzHeaders(f *testing.F) {
	for _, seed := range []string{"A: b\n", "Host: [::1]:80\nX:\n", "Host: a/b\n", "no header\n", ": \n", "A:\rb\n", "\n", "connection: close"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, lines string) {
		headers, err := ParseHeaders(lines)
		if err != nil && strings.ContainsAny(err.Error(), "\r\x00") {
			t.Errorf("%q: %q", lines, err)
		}
		var again strings.Builder
		for _, h := range headers {
			if strings.ContainsAny(h.Name+h.Value, "\r\n\x00") || h.Name == "" {
				t.Errorf("%q holds the header %q", lines, h)
			}
			again.WriteString(h.Name + ": " + h.Value + "\n")
		}
		if same, err := ParseHeaders(again.String()); err != nil || !slices.Equal(same, headers) {
			t.Errorf("%q read again: %q, %v", lines, same, err)
		}
	})
}

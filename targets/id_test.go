package targets

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/uptimer/uptimer/internal/setting"
)

func canonicalOf(t Target) string { return string(t.appendCanonical(nil, t.Parts())) }

// defaults are the settings that nobody changed.
func defaults() Config {
	return Config{Interval: setting.Duration(30 * time.Second), Timeout: setting.Duration(10 * time.Second)}
}

// one is the target of a single URL.
func one(t *testing.T, url string) Target {
	t.Helper()
	list, err := OfURLs(defaults(), nil, "URL", []string{url})
	if err != nil {
		t.Fatalf("%q: %v", url, err)
	}
	return list.Targets[0]
}

// The history of a target would break off if its id were made in another way than users and other programs do.
func TestIDsOfTheContract(t *testing.T) {
	for _, c := range []struct{ url, name, canonical, id string }{
		{"https://example.com", "", "https://example.com:443/", "33ea95eb-a074-5116-9fe6-169dc42ac750"},
		{"tcp://db.example.com:5432", "", "tcp://db.example.com:5432", "0319d016-df24-5eee-8f12-28500043e4cb"},
		{"icmp://192.0.2.7", "", "icmp://192.0.2.7", "74bb8578-86f1-54de-aeea-773b34af08a9"},
		{"https://example.org/checkout", "checkout", "name:checkout", "6c05c886-0de3-5458-9003-a90e5451f4ae"},
	} {
		target := one(t, c.url)
		if c.name != "" {
			list := load(t, "url,name\n"+c.url+","+c.name)
			target = list.Targets[0]
		}
		if got := canonicalOf(target); got != c.canonical {
			t.Errorf("%s: canonical text %q, want %q", c.url, got, c.canonical)
		}
		if got := target.ID.String(); got != c.id {
			t.Errorf("%s: id %s, want %s", c.url, got, c.id)
		}
		if got := uuid.NewSHA1(uuid.NameSpaceURL, []byte(c.canonical)); got != target.ID {
			t.Errorf("%s: the uuid library makes %s of it, we %s", c.url, got, target.ID)
		}
	}
}

// The same thing spelled in another way would be another target, with a history of its own.
func TestCanonicalText(t *testing.T) {
	for _, c := range []struct{ url, canonical string }{
		{"example.com", "https://example.com:443/"},
		{"HTTPS://Example.COM", "https://example.com:443/"},
		{"https://example.com:443", "https://example.com:443/"},
		{"https://example.com:0443", "https://example.com:443/"},
		{"https://example.com:", "https://example.com:443/"},
		{"http://example.com", "http://example.com:80/"},
		{"https://user:secret@example.com/#top", "https://example.com:443/"},
		{"https://example.com?", "https://example.com:443/?"},
		{"https://example.com?q=1&r=a/b#x?y", "https://example.com:443/?q=1&r=a/b"},
		{"https://example.com/A/../b//c", "https://example.com:443/A/../b//c"},
		{"https://example.com/a%2fb|c", "https://example.com:443/a%2fb%7Cc"},
		{"https://example.com/grün?q=süß", "https://example.com:443/gr%C3%BCn?q=s%C3%BC%C3%9F"},
		{"https://Bücher.example", "https://xn--bcher-kva.example:443/"},
		{"https://XN--BCHER-KVA.example", "https://xn--bcher-kva.example:443/"},
		{"https://faß.de", "https://xn--fa-hia.de:443/"},
		{"https://例え。テスト", "https://xn--r8jz45g.xn--zckzah:443/"},
		{"https://_dmarc.my_host.example", "https://_dmarc.my_host.example:443/"},
		{"https://grün_haus.example", "https://xn--grn_haus-75a.example:443/"},
		{"https://example.com.", "https://example.com.:443/"},
		{"https://[2001:DB8::0:1]", "https://[2001:db8::1]:443/"},
		{"[::1]:80", "https://[::1]:80/"},
		{"icmp://[2001:db8:0:0:0:0:0:7]", "icmp://[2001:db8::7]"},
		{"icmp://[fe80::1%25eth0]", "icmp://[fe80::1%25eth0]"},
		{"https://１９２.0.2.7", "https://192.0.2.7:443/"},
		{"TCP://DB.example.com:5432", "tcp://db.example.com:5432"},
	} {
		target := one(t, c.url)
		if got := canonicalOf(target); got != c.canonical {
			t.Errorf("%s: canonical text %q, want %q", c.url, got, c.canonical)
		}
	}
}

// A probe that was told another host, port or path than the user meant would check something else.
func TestParts(t *testing.T) {
	p := one(t, "HTTP://me:p%40ss@Example.COM:8080/a%20b?c=d#e").Parts()
	password, _ := p.User.Password()
	got := []string{p.Scheme, p.Protocol(), p.User.Username(), password, p.Hostname, p.HostPort(), p.Path, p.Query, p.RequestPath()}
	want := []string{"http", "http", "me", "p@ss", "example.com", "example.com:8080", "/a%20b", "?c=d", "/a%20b?c=d"}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("part %d is %q, want %q", i, got[i], want[i])
		}
	}
	if p := one(t, "icmp://[fe80::1%25eth0]").Parts(); p.Hostname != "fe80::1%eth0" || p.Port != 0 || p.Path != "" {
		t.Errorf("%+v", p)
	}
	if p := one(t, "tcp://[::1]:22").Parts(); p.HostPort() != "[::1]:22" || p.User != nil {
		t.Errorf("%+v", p)
	}
	if p := (Target{URL: "gopher://x"}).Parts(); p != (Parts{}) {
		t.Errorf("%+v", p)
	}
}

// A password in an event or on the screen is a password that others know.
func TestShownHidesUserAndPassword(t *testing.T) {
	for _, c := range []struct{ url, kept, shown string }{
		{"https://me:pw@example.com/a@b?c@d#f", "https://me:pw@example.com/a@b?c@d", "https://example.com/a@b?c@d"},
		{"me:pw@example.com", "https://me:pw@example.com", "https://example.com"},
		{"https://me@example.com", "https://me@example.com", "https://example.com"},
		{"https://example.com/@me", "https://example.com/@me", "https://example.com/@me"},
		{"HTTPS://Example.com#x", "HTTPS://Example.com", "HTTPS://Example.com"},
	} {
		target := one(t, c.url)
		if target.URL != c.kept || target.Shown() != c.shown {
			t.Errorf("%s: URL %q shown as %q, want %q shown as %q", c.url, target.URL, target.Shown(), c.kept, c.shown)
		}
	}
}

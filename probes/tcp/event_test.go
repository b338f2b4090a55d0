package tcp

import (
	"strings"
	"testing"
	"time"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/internal/servertest"
	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/probes/probestest"
	"github.com/uptimer/uptimer/schemas"
	"github.com/uptimer/uptimer/targets"
)

// If this failed, the checks of tcp targets would give no events, because they do not fit their schema, or their own
// fields would not be those that users rely on.
func TestEvents(t *testing.T) {
	catalog, err := events.NewCatalog(schemas.FS)
	if err != nil {
		t.Fatal(err)
	}
	ca := servertest.NewAuthority(t)
	until := time.Now().Add(time.Hour).Truncate(time.Second)
	address := servertest.Serve(t, servertest.OverTLS(servertest.Showing(ca.Certify(t, "127.0.0.1", until)), say("ready")))
	full := targets.Options{TLS: "yes", TLSVerify: ca.Bundle(t), Expect: "ready"}
	for _, c := range []struct {
		address string
		options targets.Options
		want    string
	}{
		{address, full, `"tls_version":"TLS 1.3","certificate_expires_at":"` + probes.FormatTime(until) + `","matches_expect":true`},
		{address, targets.Options{}, `"tls_version":null,"certificate_expires_at":null,"matches_expect":null`},
		{"127.0.0.1:1", full, `"tls_version":null,"certificate_expires_at":null,"matches_expect":null`},
	} {
		target := targets.Target{URL: "tcp://" + c.address, Options: &c.options}
		check, err := probeWith(t).Prepare(target)
		if err != nil {
			t.Fatal(err)
		}
		r, _ := runFor(t, probestest.Patience, check)
		event, err := probes.NewEvent(catalog, probes.Where{Instance: "here"}, target, r.Began, r)
		if err != nil {
			t.Errorf("%s: %v", c.address, err)
		} else if !strings.Contains(string(event.JSON()), c.want) {
			t.Errorf("%s\nlacks %s", event.JSON(), c.want)
		}
	}
}

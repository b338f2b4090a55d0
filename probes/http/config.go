package http

import (
	"fmt"

	"github.com/uptimer/uptimer/internal/setting"
	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/targets"
)

// Config is what the environment says about HTTP checks. Most of it is only in force where a target says nothing.
type Config struct {
	probes.NetworkConfig
	probes.TLSConfig
	Method          string            `envconfig:"PROBE_METHOD" default:"GET" desc:"method of the request"`
	ExpectedStatus  targets.StatusSet `envconfig:"PROBE_EXPECTED_STATUS" default:"200-399" desc:"statuses that mean up: numbers and ranges, 200,301-308"`
	FollowRedirects setting.Count     `envconfig:"PROBE_FOLLOW_REDIRECTS" default:"10" desc:"how many redirects are followed; with 0 the redirect is the answer"`
	MaxBody         setting.Bytes     `envconfig:"PROBE_MAX_BODY" default:"1MiB" desc:"how much of the body is read, after decompression"`
	KeepAlive       setting.YesNo     `envconfig:"PROBE_KEEPALIVE" default:"false" desc:"reuse connections: cheaper, but does not check name, connect and handshake each time"`
	Proxy           Proxy             `envconfig:"PROBE_PROXY" default:"env" desc:"env (HTTP_PROXY, HTTPS_PROXY, NO_PROXY), off, or the URL of a proxy for all checks"`
}

// maxBody bounds PROBE_MAX_BODY: a body that is matched is held in memory.
const maxBody = setting.Bytes(1 << 30)

// Validate returns setting.Mistakes that name the variables, or nil.
func (c Config) Validate() error {
	var ms setting.Mistakes
	ms.Join("", c.NetworkConfig.Validate())
	if _, err := targets.ParseMethod(c.Method); err != nil {
		ms.Add("PROBE_METHOD", c.Method, err)
	}
	if c.MaxBody < 1 || c.MaxBody > maxBody {
		ms.Add("PROBE_MAX_BODY", c.MaxBody.String(), fmt.Errorf("out of range; want at least 1B and at most %s", maxBody))
	}
	c.Proxy.check(&ms)
	return ms.Err()
}

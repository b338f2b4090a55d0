package http

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpproxy"

	"github.com/uptimer/uptimer/internal/setting"
	"github.com/uptimer/uptimer/probes"
)

// Proxy is env, off or the URL of a proxy, which may hold user and password.
type Proxy string

// The values of Proxy that are no URL.
const (
	proxyFromEnv Proxy = "env"
	proxyOff     Proxy = "off"
)

// Decode takes the value of a variable; Config.Validate checks it.
func (p *Proxy) Decode(text string) error {
	*p = Proxy(strings.TrimSpace(text))
	return nil
}

// String is the value without user and password.
func (p Proxy) String() string { return withoutPassword(string(p)) }

// GoString keeps %#v from showing the password.
func (p Proxy) GoString() string { return p.String() }

// check notes what is wrong with the proxies that are in force.
func (p Proxy) check(ms *setting.Mistakes) {
	verify := func(variable, text string) {
		if text == "" {
			return
		}
		if _, err := parseProxy(text); err != nil {
			ms.Add(variable, withoutPassword(text), err)
		}
	}
	switch p {
	case "", proxyOff:
	case proxyFromEnv:
		env := httpproxy.FromEnvironment()
		verify("HTTP_PROXY", env.HTTPProxy)
		verify("HTTPS_PROXY", env.HTTPSProxy)
	default:
		verify("PROBE_PROXY", string(p))
	}
}

// parseProxy reads a proxy's URL, or its host:port. Its errors do not repeat it.
func parseProxy(text string) (place, error) {
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	switch {
	case err != nil: // its text would repeat the URL
		return place{}, errors.New("neither env nor off nor a URL; want the URL of an HTTP proxy such as http://proxy:3128")
	case strings.HasPrefix(u.Scheme, "socks"):
		return place{}, errors.New("SOCKS proxies are not supported; want the URL of an HTTP proxy such as http://proxy:3128")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "":
		return place{}, errors.New("a proxy has no path; want a URL such as http://proxy:3128")
	}
	at, err := placeOf(u)
	if err != nil {
		return at, fmt.Errorf("not the URL of an HTTP proxy: %w", err)
	}
	return at, nil
}

// proxies chooses the proxy for a URL.
type proxies struct {
	only    *place // for all, or
	fromEnv func(*url.URL) (*url.URL, error)
}

// proxies is called for a Config that is valid.
func (c Config) proxies() proxies {
	switch c.Proxy {
	case "", proxyOff:
		return proxies{}
	case proxyFromEnv:
		env := httpproxy.FromEnvironment()
		env.CGI = false // uptimer answers no requests, so nobody else can set HTTP_PROXY
		if env.HTTPProxy == "" && env.HTTPSProxy == "" {
			return proxies{}
		}
		return proxies{fromEnv: env.ProxyFunc()}
	}
	at, _ := parseProxy(string(c.Proxy))
	return proxies{only: &at}
}

// forPlace is nil if the place is to be asked directly. Its error is an *probes.OwnFault.
func (p proxies) forPlace(to place) (*place, error) {
	if p.fromEnv == nil {
		return p.only, nil
	}
	found, err := p.fromEnv(&url.URL{Scheme: to.Scheme, Host: to.hostHeader()}) // NO_PROXY knows no zones
	if found == nil && err == nil {
		return nil, nil
	}
	var at place
	if err == nil {
		at, err = placeOf(found)
	}
	if err != nil {
		return nil, &probes.OwnFault{Cause: probes.CauseProxy, Err: err}
	}
	return &at, nil
}

// openThrough makes a connection through a proxy: to the proxy itself for http, a tunnel for https. Whatever
// keeps us from the proxy is our own fault.
func (r *run) openThrough(ctx context.Context, proxy *place, to place) (*conn, error) {
	c, err := r.dial(ctx, *proxy)
	if err != nil {
		return nil, proxyFault(proxy, err)
	}
	if proxy.https() {
		if err := r.secureProxy(ctx, c); err != nil {
			c.close()
			return nil, proxyFault(proxy, err)
		}
	}
	c.at = to
	if !to.https() {
		c.proxy = proxy
		return c, nil
	}
	err = r.tunnel(ctx, c, proxy)
	r.watch.Lap(probes.PhaseConnect)
	if err == nil {
		err = r.secure(ctx, c)
	}
	return c, closeOn(err, c)
}

// secureProxy makes the TLS connection to an https proxy. The proxy is not the target: it is verified as the
// environment says, and its certificate is not reported.
func (r *run) secureProxy(ctx context.Context, c *conn) error {
	secured, _, err := probes.Handshake(ctx, c.Conn, c.at.Hostname, r.check.probe.config.TLSVerify, []string{"http/1.1"})
	r.watch.Lap(probes.PhaseConnect)
	if err != nil {
		return err
	}
	c.Conn = secured
	c.bind(ctx)
	return nil
}

// tunnel asks the proxy for a connection to c.at.
func (r *run) tunnel(ctx context.Context, c *conn, proxy *place) error {
	doing := "asking the proxy " + proxy.HostPort() + " for " + c.at.HostPort()
	if _, err := c.Write(appendConnect(nil, c.at, proxy)); err != nil {
		return probes.Explain(ctx, doing, err)
	}
	answer, err := c.answer(ctx, "CONNECT", false, func() string { return doing })
	switch {
	case err != nil:
		return err
	case answer.StatusCode/100 != 2:
		return &probes.Failure{Reason: probes.Protocol, Text: doing + ": it answered " + statusText(answer.StatusCode)}
	case c.reader.Buffered() > 0:
		return &probes.Failure{Reason: probes.Protocol, Text: doing + ": it sent more than an answer"}
	}
	return nil
}

// proxyFault makes our own fault of what kept us from the proxy. Our shutdown, and faults that are ours already,
// stay what they are.
func proxyFault(proxy *place, err error) error {
	var failure *probes.Failure
	if !errors.As(err, &failure) {
		return err
	}
	// The failure is not wrapped: nobody shall find it there and take it for the target's.
	return &probes.OwnFault{Cause: probes.CauseProxy, Err: fmt.Errorf("proxy %s: %s", proxy.HostPort(), failure.Text)}
}

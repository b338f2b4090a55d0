package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// healthTimeout is how long the running process may take to answer.
const healthTimeout = 5 * time.Second

func (a *app) healthCommand() *cobra.Command {
	var ready bool
	cmd := &cobra.Command{
		Use:   "health",
		Short: "Ask the uptimer that runs here whether it works",
		Long: `Asks /healthz (with --ready: /readyz) at METRICS_ADDR, a wildcard address on loopback.

Exit codes: 0 it works, 1 it does not, 2 METRICS_ADDR is off.`,
		Example: "  METRICS_ADDR=:9090 uptimer health --ready",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			settings, err := a.settings()
			if err != nil {
				return err
			}
			if settings.Metrics == "" {
				return exitCode{exitWrong, "METRICS_ADDR is off, so there is nobody to ask; want host:port such as 127.0.0.1:9090"}
			}
			path := "/healthz"
			if ready {
				path = "/readyz"
			}
			return a.askHealth(cmd.Context(), "http://"+dialable(string(settings.Metrics))+path)
		},
	}
	cmd.Flags().BoolVar(&ready, "ready", false, "ask whether source and sink can be reached, too")
	return cmd
}

// dialable puts loopback for an address that means all.
func dialable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	switch ip := net.ParseIP(host); {
	case host == "" || ip != nil && ip.IsUnspecified() && ip.To4() != nil:
		host = "127.0.0.1"
	case ip != nil && ip.IsUnspecified():
		host = "::1"
	}
	return net.JoinHostPort(host, port)
}

func (a *app) askHealth(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	client := &http.Client{Transport: &http.Transport{Proxy: nil, DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return exitCode{exitFailed, fmt.Sprintf("no answer from %s: %v", url, err)}
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 4096))
	if err != nil {
		return exitCode{exitFailed, fmt.Sprintf("no whole answer from %s: %v", url, err)}
	}
	if response.StatusCode != http.StatusOK {
		return exitCode{exitFailed, strings.TrimSpace(string(text))}
	}
	_, err = a.stdout.Write(text)
	return err
}

//go:build linux

package main

import (
	"context"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/uptimer/uptimer/bench/bare"
	"github.com/uptimer/uptimer/bench/field"
)

// beFarm serves until SIGTERM, and then writes its records.
func beFarm(ctx context.Context, arguments []string) (err error) {
	flags := flag.NewFlagSet("farm", flag.ContinueOnError)
	path := flags.String("records", "", "file to write records to at the end")
	var c field.Certificate
	flags.StringVar(&c.File, "cert", "", "certificate of https fields")
	flags.StringVar(&c.KeyFile, "key", "", "its key")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	var fields []field.Spec
	for _, text := range flags.Args() {
		f, err := field.ParseSpec(text)
		if err != nil {
			return err
		}
		fields = append(fields, f)
	}
	f, err := field.Open(ctx, fields, c)
	if err != nil {
		return err
	}
	fmt.Println("ready")
	<-ctx.Done()
	if err := f.Close(); err != nil || *path == "" {
		return err
	}
	file, err := os.Create(*path)
	if err != nil {
		return err
	}
	_, err = f.Records().WriteTo(file)
	return errors.Join(err, file.Close())
}

// beBare checks until SIGTERM. It prints how many checks have ended and failed, each second.
func beBare(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("bare", flag.ContinueOnError)
	c := &bare.Client{}
	flags.StringVar(&c.Kind, "kind", "http", "http, keepalive, https, tcp, icmp or icmp-dialed")
	flags.Float64Var(&c.Rate, "rate", 1000, "checks a second")
	roots := flags.String("roots", "", "certificates to trust")
	list := flags.String("targets", "", "file with an address a line")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	text, err := os.ReadFile(*list)
	if err != nil {
		return err
	}
	c.Targets = strings.Fields(string(text))
	if *roots != "" {
		text, err := os.ReadFile(*roots)
		if err != nil {
			return err
		}
		c.Roots = x509.NewCertPool()
		c.Roots.AppendCertsFromPEM(text)
	}
	stop := make(chan struct{})
	defer close(stop)
	go tell(c, stop)
	return c.Run(ctx)
}

// tell prints the counts.
func tell(c *bare.Client, stop <-chan struct{}) {
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case at := <-ticker.C:
			done, failed := c.Counts()
			fmt.Println(at.UnixNano(), done, failed)
		case <-stop:
			return
		}
	}
}

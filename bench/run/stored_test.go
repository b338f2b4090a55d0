//go:build linux

package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/uptimer/uptimer/internal/testservices"
)

// If this failed, what is judged after the way over Kafka would not be what was written.
func TestTheTopicAndTheDatabaseHoldWhatWasSeen(t *testing.T) {
	found := testservices.Find(t)
	web := httptest.NewServer(http.NotFoundHandler())
	defer web.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute) // it may build all of uptimer
	defer cancel()
	folder := t.TempDir()
	b, err := newBench(ctx, options{out: folder, servers: servers{kafka: found.KafkaPlaintext, database: found.DatabaseURL}})
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(b.folder)
	at, err := b.newPlace(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := at.remove(); err != nil {
			t.Error(err)
		}
	}()
	const n = 30
	var urls []string
	for i := range n {
		urls = append(urls, fmt.Sprintf("%q", fmt.Sprintf("%s/%d", web.URL, i)))
	}
	env := append(at.environment(), "WRITER_PLUGIN=kafka", "PROBE_INTERVAL=-1", "PROBE_URLS=["+strings.Join(urls, ",")+"]")
	p, err := startProcess(ctx, "producer", filepath.Join(folder, "producer.log"), env, b.binary)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.wait(); err != nil {
		t.Fatal(err)
	}
	if there, err := at.onTopic(ctx); there != n || err != nil {
		t.Fatalf("%d on the topic, %v, want %d", there, err, n)
	}
	onTopic, err := at.fromTopic(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if p, err = startProcess(ctx, "consumer", filepath.Join(folder, "consumer.log"), at.storing(2), b.binary); err != nil {
		t.Fatal(err)
	}
	var r rows
	for len(r.list) < n && ctx.Err() == nil {
		time.Sleep(100 * time.Millisecond)
		if r, err = at.fromDatabase(ctx, window{time.Now().Add(-time.Hour), time.Now()}); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.stop(); err != nil {
		t.Error(err)
	}
	for _, list := range [][]seen{onTopic, r.list} {
		for i := range list {
			list[i].id = [16]byte{} // as text there, and as bytes here
		}
		slices.SortFunc(list, func(a, b seen) int { return int(a.began-b.began)*1000 + int(a.took-b.took) })
	}
	if !slices.Equal(onTopic, r.list) || len(r.took) != n || r.bytes == 0 || r.first.IsZero() {
		t.Errorf("on the topic %v\nin the database %v, %d times, %d bytes", onTopic, r.list, len(r.took), r.bytes)
	}
}

//go:build linux

package main

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/segmentio/kafka-go"
)

// fromTopic reads all events that lie on the topic.
func (at *place) fromTopic(ctx context.Context) (list []seen, err error) {
	partitions, err := at.offsets(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range partitions {
		if p.LastOffset == p.FirstOffset {
			continue
		}
		if list, err = at.fromPartition(ctx, p, list); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// fromPartition appends the events of a partition.
func (at *place) fromPartition(ctx context.Context, p kafka.PartitionOffsets, list []seen) (_ []seen, err error) {
	reader := kafka.NewReader(kafka.ReaderConfig{
		Brokers: []string{at.kafka}, Topic: at.name, Partition: p.Partition,
		MaxBytes: 16 << 20, MaxWait: 250 * time.Millisecond, ReadLagInterval: -1,
	})
	defer func() { err = errors.Join(err, reader.Close()) }()
	if err := reader.SetOffset(p.FirstOffset); err != nil {
		return nil, err
	}
	var from parser
	for {
		m, err := reader.ReadMessage(ctx)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		e, err := from.parse(m.Value)
		if err != nil {
			return nil, err
		}
		if list = append(list, e); m.Offset >= p.LastOffset-1 {
			return list, nil
		}
	}
}

// rows is what the database holds at the end.
type rows struct {
	list  []seen
	took  []time.Duration // from a check to its row, for those of the window
	first time.Time       // transaction that stored one
	bytes int64           // on disk, indexes included
}

// fromDatabase reads all checks that were stored.
func (at *place) fromDatabase(ctx context.Context, w window) (r rows, err error) {
	err = ask(ctx, at.stored, func(c *pgx.Conn) error {
		// All of it as of one moment: a row comes with its target. The end of the connection ends this, too.
		if _, err := c.Exec(ctx, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"); err != nil {
			return err
		}
		targets, err := readTargets(ctx, c)
		if err != nil {
			return err
		}
		if err := r.read(ctx, c, targets, w); err != nil {
			return err
		}
		const size = `SELECT coalesce(sum(pg_total_relation_size(relid)), 0)::bigint FROM pg_partition_tree('probe_events')`
		return c.QueryRow(ctx, size).Scan(&r.bytes)
	})
	return r, redacted(err)
}

func readTargets(ctx context.Context, c *pgx.Conn) (map[[16]byte]netip.AddrPort, error) {
	result, err := c.Query(ctx, `SELECT target_id, hostname, port FROM targets`)
	if err != nil {
		return nil, err
	}
	targets := map[[16]byte]netip.AddrPort{}
	var id [16]byte
	var host string
	var port uint16
	_, err = pgx.ForEachRow(result, []any{&id, &host, &port}, func() error {
		address, err := netip.ParseAddr(host)
		targets[id] = netip.AddrPortFrom(address, port)
		return err
	})
	return targets, err
}

func (r *rows) read(ctx context.Context, c *pgx.Conn, targets map[[16]byte]netip.AddrPort, w window) error {
	result, err := c.Query(ctx, `SELECT target_id, scheduled_at, event_time, stored_at, response_time_ms, up, reason FROM probe_events`)
	if err != nil {
		return err
	}
	var e seen
	var due, began, stored time.Time
	var took float64
	var reason string
	_, err = pgx.ForEachRow(result, []any{&e.id, &due, &began, &stored, &took, &e.up, &reason}, func() error {
		e.target, e.due, e.began = targets[e.id], due.UnixNano(), began.UnixNano()
		e.took = int64(took * float64(time.Millisecond))
		e.reason = reasonOf([]byte(reason))
		r.list = append(r.list, e)
		if w.holds(e.began) {
			r.took = append(r.took, stored.Sub(began))
		}
		if r.first.IsZero() || stored.Before(r.first) {
			r.first = stored
		}
		return nil
	})
	return err
}

package targets

import (
	"context"
	"maps"

	"github.com/google/uuid"
)

// inForce is what is remembered of a list, to find out later how it has changed.
type inForce struct {
	mark  mark
	index *index
	keys  map[uuid.UUID]uuid.UUID // of rows whose key is not the id of their target: that id
	loose bool                    // single rows do not tell: two are the same target, or too many have other keys
}

// mostKeys bounds inForce.keys.
const mostKeys = 10_000

// reading is a list that was read, and what will be remembered of it if it is put in force.
type reading struct {
	list *List
	inForce
}

// isRow tells whether the row that has a target's id as key is the target.
func (f *inForce) isRow() func(*Target) bool {
	others := make(map[uuid.UUID]struct{}, len(f.keys))
	for _, id := range f.keys {
		others[id] = struct{}{}
	}
	return func(t *Target) bool {
		_, other := others[t.ID]
		return t.Origin.table && !other
	}
}

// accept takes note of that a list is in force.
func (s *Source) accept(r *reading) {
	if s.table == nil || r == nil {
		return
	}
	next := r.inForce
	if r.list.Part {
		next.index = s.inForce.index.with(r.list.Targets, r.list.Gone, next.isRow())
	} else {
		next.index = newIndex(r.list.Targets, next.isRow())
	}
	s.inForce = &next
}

// readNext reads how the list has changed since the one in force; or the whole, if there is none, or no table. Unless all
// is asked for, only those rows are read that have changed. Its errors are those of LoadAll.
func (s *Source) readNext(ctx context.Context, all bool) (*reading, error) {
	if s.inForce == nil {
		return s.readAll(ctx)
	}
	at, err := s.table.open(ctx)
	if err != nil {
		return nil, err
	}
	defer at.close()
	return s.readAt(ctx, at, all)
}

func (s *Source) readAt(ctx context.Context, at *snapshot, all bool) (next *reading, err error) {
	if !all {
		next, err = s.readChanged(ctx, at)
	}
	if err == nil && next == nil {
		next, err = s.compare(ctx, at)
	}
	if err == nil && next == nil {
		next, err = s.readWhole(ctx, at)
	}
	return next, err
}

// readChanged reads the rows that have changed. It is nil if these do not tell how the list has changed.
func (s *Source) readChanged(ctx context.Context, at *snapshot) (*reading, error) {
	if s.inForce.loose {
		return nil, nil
	}
	keys, known, err := at.changedSince(ctx, s.inForce.mark)
	if err != nil || !known {
		return nil, err
	}
	b := newBuilder(s.cfg, s.protocols, s.options)
	if err := b.readTable(ctx, at, ` AND target_id = ANY($1)`, keys); err != nil {
		return nil, err
	}
	s.table.wasRead(at.mark)
	if err := b.mistakes.Err(); err != nil {
		return nil, err
	}
	next := &reading{inForce: b.remembers(at.mark)}
	if next.list = s.inForce.changed(b, keys); next.list == nil {
		return nil, nil
	}
	kept := maps.Clone(s.inForce.keys)
	for _, key := range keys {
		delete(kept, key)
	}
	maps.Copy(kept, next.keys)
	next.keys, next.loose = kept, len(kept) > mostKeys
	maps.Copy(s.options, b.options.used)
	return next, nil
}

// changed is how the list has changed, if it did so only in the rows with these keys, which a builder has read; nil if it
// takes more than that to know.
func (f *inForce) changed(b *builder, keys []uuid.UUID) *List {
	before := make(map[uuid.UUID]struct{}, len(keys)) // what these rows were
	for _, key := range keys {
		if id, other := f.keys[key]; other {
			before[id] = struct{}{}
		} else if f.index.isRow(key) {
			before[key] = struct{}{}
		}
	}
	now := b.remembers(mark{})
	if now.loose {
		return nil
	}
	list, isRow, ours := &List{Part: true}, now.isRow(), b.cfg.share()
	for _, t := range b.list {
		if _, its := before[t.ID]; !its && f.index.has(t.ID) {
			return nil // another row, or a line of another list, is the same target
		}
		delete(before, t.ID)
		if ours.has(t.ID) && !f.index.same(&t, isRow(&t)) {
			list.Targets = append(list.Targets, t)
		}
	}
	for id := range before {
		if f.index.has(id) {
			list.Gone = append(list.Gone, id)
		}
	}
	list.Notes, list.Total = b.notes(1), f.index.count(list)
	return list
}

// remembers is what is to be remembered of what was read.
func (b *builder) remembers(m mark) inForce {
	return inForce{mark: m, keys: b.keys, loose: b.repeats > 0 || len(b.keys) > mostKeys}
}

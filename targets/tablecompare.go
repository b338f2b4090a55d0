package targets

import "context"

// beside is a list in force, beside which another is read: what is the same in both is not kept twice.
type beside struct {
	index *index
	ours  share
	same  []bool // by place in the index: it was read, and is the same
	torn  bool   // a mistake cannot be told without what was not kept
}

// takes tells whether a target need not be kept: it is as it was, or not ours.
func (s *beside) takes(b *builder, t *Target, row bool) bool {
	if !s.ours.has(t.ID) {
		return true
	}
	at, there := s.index.find(t.ID)
	if !there {
		return false
	}
	sum := s.index.sum(t, row)
	if !s.same[at] {
		s.same[at] = sum == s.index.all[at].sum
		return s.same[at]
	}
	if (sum^s.index.all[at].sum)&^rowBit == 0 {
		b.repeats++
	} else {
		s.torn = true
	}
	return true
}

// compare reads all and keeps what is different. It is nil if there is a mistake that it cannot tell.
func (s *Source) compare(ctx context.Context, at *snapshot) (*reading, error) {
	b := newBuilder(s.cfg, s.protocols, s.options)
	index := s.inForce.index
	b.beside = &beside{index: index, ours: s.cfg.share(), same: make([]bool, len(index.all))}
	if err := s.readListsAgain(b); err != nil {
		return nil, err
	}
	if err := b.readTable(ctx, at, ""); err != nil {
		return nil, err
	}
	s.table.wasRead(at.mark)
	if b.beside.torn {
		return nil, nil
	}
	if err := b.mistakes.Err(); err != nil {
		return nil, err
	}
	list := &List{Part: true, Targets: b.list, Notes: b.notes(1)}
	for i, e := range index.all {
		if !b.beside.same[i] && b.seen.find(b.list, e.id) < 0 {
			list.Gone = append(list.Gone, e.id)
		}
	}
	list.Total = index.count(list)
	s.options = b.options.used
	return &reading{list, b.remembers(at.mark)}, nil
}

package targets

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// mark is a moment in the life of the table, by which what was changed before it can be told from what was changed since.
// The migration that makes target_changes has the other half of this.
type mark struct {
	before int64  // transactions with smaller numbers had ended
	noted  string // which of the others had changed what is to be probed
}

type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// seenAt asks for the smallest transaction that has not ended, and which from a number on have changed what is to be probed
// and ended.
func seenAt(ctx context.Context, q querier, from int64) (now mark, err error) {
	const ask = `SELECT txid_snapshot_xmin(txid_current_snapshot()), coalesce(string_agg(DISTINCT transaction::text, ','), '')
FROM target_changes WHERE transaction >= $1`
	err = q.QueryRow(ctx, ask, from).Scan(&now.before, &now.noted)
	return now, err
}

// moment is the mark of the snapshot.
func (s *snapshot) moment(ctx context.Context) (m mark, err error) {
	if m, err = seenAt(ctx, s.tx, 0); err == nil {
		m, err = seenAt(ctx, s.tx, m.before)
	}
	return m, err
}

// mostChanges is how many rows are read one by one at most; to read all is cheaper then.
const mostChanges = 20_000

// changedSince is the keys of all rows that may have changed since a mark, or not known: there are too many, or a note may
// have been forgotten. Notes are forgotten in the order of their transactions, so where one from before the mark is kept,
// all since then are.
func (s *snapshot) changedSince(ctx context.Context, m mark) (keys []uuid.UUID, known bool, err error) {
	if err := s.tx.QueryRow(ctx, `SELECT coalesce(min(transaction) < $1, false) FROM target_changes`, m.before).Scan(&known); err != nil || !known {
		return nil, false, asTrouble(err)
	}
	rows, err := s.tx.Query(ctx, `SELECT DISTINCT target_id FROM target_changes WHERE transaction >= $1 LIMIT $2`, m.before, mostChanges+1)
	if err == nil {
		keys, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (id uuid.UUID, err error) {
			copy(id[:], row.RawValues()[0])
			if id == uuid.Nil {
				known = false // all, or a great many
			}
			return id, nil
		})
	}
	if err != nil {
		return nil, false, asTrouble(err)
	}
	return keys, known && len(keys) <= mostChanges, nil
}

func asTrouble(err error) error {
	if err == nil {
		return nil
	}
	return errWithTable{fmt.Errorf("looking for changes of the table targets: %w", err)}
}

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/uptimer/uptimer/events/plugin"
	kafkareader "github.com/uptimer/uptimer/readers/kafka"
)

func (a *app) deadLettersCommand() *cobra.Command {
	var replay bool
	cmd := &cobra.Command{
		Use:   "dead-letters",
		Short: "List the messages that could not be stored, or send them again",
		Long: `Lists what lies on KAFKA_DEAD_LETTER_TOPIC (default: KAFKA_READER_TOPIC with .dead-letter) when the command begins, a
line each. Between tabs: the topic, the partition and the offset where the message came from, when it became a dead letter,
and why; - stands for what nobody wrote down. Nothing is taken away.

With --replay every dead letter that is a valid event by now is sent to the topic that it came from. The lines are
those that are not sent, each with what is wrong with it now; the last line is "n sent, m still not valid". To send
twice is harmless: an event keeps its uuid, and is stored once. A topic that does not exist is not made.

Exit codes: 0 done (also when there is nothing, or something is still not valid), 1 failed, 2 wrong call or
configuration, 130 interrupted.`,
		Example: `  KAFKA_BOOTSTRAP_SERVER=kafka:9092 KAFKA_READER_TOPIC=uptimer-events uptimer dead-letters
  uptimer dead-letters | cut -f 5 | sort | uniq -c | sort -n
  uptimer dead-letters --replay`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.deadLetters(cmd.Context(), replay) },
	}
	cmd.Flags().BoolVar(&replay, "replay", false, "send what is valid by now to the topic that it came from")
	return cmd
}

// deadLetters lists, or replays.
func (a *app) deadLetters(ctx context.Context, replay bool) error {
	var config kafkareader.LettersConfig
	if err := plugin.Load(a.env, &config); err != nil {
		return err
	}
	catalog, err := catalog()
	if err != nil {
		return err
	}
	letters, err := kafkareader.OpenLetters(ctx, config, catalog)
	if err == nil {
		defer letters.Close()
		out := &letterLines{to: bufio.NewWriter(a.stdout)}
		if replay {
			err = replayed(ctx, letters, out)
		} else {
			err = errors.Join(letters.List(ctx, out.line), out.to.Flush())
		}
	}
	switch {
	case ctx.Err() != nil:
		return exitCode{exitInterrupted, ""}
	case isGone(err): // nobody wants to see more
		return nil
	case errors.Is(err, kafkareader.ErrNoLetters):
		fmt.Fprintf(a.stderr, "uptimer: there is no topic %q: there were no dead letters yet\n", config.Name())
		return nil
	}
	return err
}

// replayed sends again, and says how many. A reader of the lines that goes away does not stop it.
func replayed(ctx context.Context, letters *kafkareader.Letters, out *letterLines) error {
	sent, invalid, err := letters.Replay(ctx, func(l kafkareader.Letter) error {
		if err := out.line(l); err != nil && !isGone(err) {
			return err
		}
		return nil
	})
	fmt.Fprintf(out.to, "%d sent, %d still not valid\n", sent, invalid)
	return errors.Join(err, out.to.Flush())
}

// letterLines shows dead letters, a line each.
type letterLines struct{ to *bufio.Writer }

func (o *letterLines) line(l kafkareader.Letter) error {
	fields := []string{l.Topic, l.Partition, l.Offset, l.Time.UTC().Format(time.RFC3339), l.Reason}
	for i, f := range fields {
		if fields[i] = printable(f); f == "" {
			fields[i] = "-"
		}
	}
	_, err := fmt.Fprintln(o.to, strings.Join(fields, "\t"))
	return err
}

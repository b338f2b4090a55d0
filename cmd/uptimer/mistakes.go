package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/uptimer/uptimer/internal/setting"
)

// together is all mistakes of several errors; an error that is no mistake goes before them.
func together(errs ...error) error {
	var all setting.Mistakes
	for _, err := range errs {
		if err != nil && !isMistake(err) {
			return err
		}
		all.Join("", err)
	}
	return unique(all).Err()
}

func isMistake(err error) bool {
	var ms setting.Mistakes
	return errors.As(err, &ms)
}

// unique drops repeats: several probes read the same variables.
func unique(ms setting.Mistakes) (once setting.Mistakes) {
	seen := map[string]bool{}
	for _, m := range ms {
		if line := m.Error(); !seen[line] {
			seen[line] = true
			once = append(once, m)
		}
	}
	return once
}

// blames tells whether one of the variables is among the mistakes of an error, by itself or through its file.
func blames(err error, variables ...string) bool {
	var ms setting.Mistakes
	errors.As(err, &ms)
	return slices.ContainsFunc(ms, func(m setting.Mistake) bool {
		return slices.Contains(variables, strings.TrimSuffix(m.Where, "_FILE")) || slices.Contains(variables, m.Where)
	})
}

package main

import (
	"log/slog"

	"github.com/uptimer/uptimer/internal/setting"
)

// nearMiss is how many letters a name may be off to be taken for a slip: two, or fewer than a third of a short one.
func nearMiss(name string) int { return min(2, (len(name)-1)/3) }

// warnNearMisses says which variables look like ours but are not.
func (a *app) warnNearMisses(log *slog.Logger) {
	for name, meant := range nearMisses(a.env.Names()) {
		log.Warn("a variable is not known: it has no effect", "variable", name, "did_you_mean", meant)
	}
}

// nearMisses finds the variables that nobody reads and the ones that were probably meant.
func nearMisses(set []string) map[string]string {
	var known []string
	for _, v := range variables() {
		known = append(known, v.Name)
	}
	found := map[string]string{}
	for _, v := range variables() {
		known = append(known, v.Name+"_FILE")
	}
	for _, name := range set {
		meant := setting.Nearest(name, known)
		if meant != name && meant != "" && setting.Distance(name, meant) <= nearMiss(name) {
			found[name] = meant
		}
	}
	return found
}

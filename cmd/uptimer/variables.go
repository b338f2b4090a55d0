package main

import (
	"slices"

	"github.com/uptimer/uptimer/events/plugin"
	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/targets"
)

// section is the variables of one part of the program.
type section struct {
	title string // for people
	name  string // of the plugin, or of the part
	vars  []plugin.Variable
}

// sections lists every variable of this build once, where it belongs most.
func sections() []section {
	var probing []plugin.Variable
	probing = append(probing, plugin.Describe(&targets.Config{})...)
	probing = append(probing, plugin.Describe(&probes.SchedulerConfig{})...)
	all := []section{
		{"The program", "run", plugin.Describe(&runSettings{})},
		{"Targets and schedule", allProbes, probing},
	}
	all = append(all, sectionsOf("Probe", probePlugins)...)
	all = append(all, sectionsOf("Reader", readerPlugins)...)
	all = append(all, sectionsOf("Writer", writerPlugins)...)
	return all
}

func sectionsOf[T any](kind string, plugins []plugin.Plugin[T]) (all []section) {
	for _, p := range plugins {
		all = append(all, section{kind + " " + p.Name, p.Name, p.Variables})
	}
	return all
}

// variables lists every variable once, in the order of the sections.
func variables() (all []plugin.Variable) {
	for _, s := range sections() {
		for _, v := range s.vars {
			if !slices.ContainsFunc(all, func(known plugin.Variable) bool { return known.Name == v.Name }) {
				all = append(all, v)
			}
		}
	}
	return all
}

// pluginsOf lists the names of plugins.
func pluginsOf[T any](plugins []plugin.Plugin[T]) []string {
	names := make([]string, len(plugins))
	for i, p := range plugins {
		names[i] = p.Name
	}
	return names
}

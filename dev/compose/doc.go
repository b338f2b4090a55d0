// Package compose holds no code: its tests check the Dockerfile and the compose files at the root of the repository, and
// run what they say without a container engine.
package compose

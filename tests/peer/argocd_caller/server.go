// hagane, as a server to call and as a program to compare it with.

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// server is a plugin server that runs.
type server struct {
	socket  string
	log     *os.File
	command *exec.Cmd
}

// start starts a server and waits until it answers.
func (c *checks) start(name string, flags []string, variables ...string) (*server, error) {
	directory := filepath.Join(c.scratch, name)
	if err := os.MkdirAll(filepath.Join(directory, "tmp"), 0o755); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(directory, "log"))
	if err != nil {
		return nil, err
	}
	s := &server{socket: filepath.Join(directory, "hagane.sock"), log: log}
	s.command = exec.Command(c.hagane, append([]string{"argocd", "serve", "--socket", s.socket}, flags...)...)
	s.command.Dir = directory
	s.command.Env = append(c.environment(), "TMPDIR="+filepath.Join(directory, "tmp"))
	s.command.Env = append(s.command.Env, variables...)
	s.command.Stderr = log
	if err := s.command.Start(); err != nil {
		return nil, err
	}
	for begun := time.Now(); time.Since(begun) < 30*time.Second; time.Sleep(5 * time.Millisecond) {
		if connection, err := dial(s.socket); err == nil {
			defer connection.Close()
			_, err := unary(context.Background(), connection, health, nil)
			return s, err
		}
	}
	s.end(syscall.SIGKILL)
	return nil, fmt.Errorf("the server does not start")
}

// end sends a signal and waits. What it has left in its scratch directory comes back.
func (s *server) end(signal syscall.Signal) ([]string, error) {
	_ = s.command.Process.Signal(signal)
	err := s.command.Wait()
	left, globbed := filepath.Glob(filepath.Join(filepath.Dir(s.socket), "tmp", "*"))
	if globbed != nil {
		return nil, globbed
	}
	if _, found := os.Lstat(s.socket); found == nil {
		left = append(left, s.socket)
	}
	return left, err
}

// said returns the log.
func (s *server) said() string {
	if s.log == nil {
		return "it is its own\n"
	}
	text, err := os.ReadFile(s.log.Name())
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// environment is what a sidecar has.
func (c *checks) environment() []string {
	return []string{"PATH=/usr/bin:/bin", "SOPS_AGE_KEY_FILE=" + filepath.Join(c.sample, "keys/test.agekey")}
}

// run starts `hagane argocd VERB` in a directory of a repository, as the plugin of Argo CD's own server.
func (c *checks) run(verb, repository, path string, variables ...string) (stdout, stderr string, err error) {
	command := exec.Command(c.hagane, "argocd", verb)
	command.Dir = filepath.Join(repository, path)
	command.Env = append(c.environment(), "ARGOCD_APP_SOURCE_PATH="+path)
	command.Env = append(command.Env, variables...)
	var printed, said bytes.Buffer
	command.Stdout, command.Stderr = &printed, &said
	err = command.Run()
	return printed.String(), said.String(), err
}

// manifests returns the manifests of an answer as `generate` prints them.
func manifests(answer []byte) (string, error) {
	documents, err := texts(answer, 1)
	return strings.Join(documents, "---\n"), err
}

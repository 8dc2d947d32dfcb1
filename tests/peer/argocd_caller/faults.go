// What goes wrong: in a repository, in a request, in size and in time.

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
)

// broken holds an application for each fault.
var broken = map[string]string{
	"yaml/kustomization.yaml":    "resources: [a.yaml]\n",
	"yaml/a.yaml":                "kind: ConfigMap\nmetadata: {name: a\n",
	"missing/kustomization.yaml": "resources: [../nowhere]\n",
	"field/kustomization.yaml":   "resourcez: []\n",
	"outside/kustomization.yaml": "resources: [../../elsewhere]\n",
	"empty/kustomization.yaml":   "resources: []\n",
	"sign/kustomization.yaml":    "resources: [\"100 % ü\\n→.yaml\"]\n",
}

// announcing is an application with parameters.
var announcing = map[string]string{
	"app/hagane.yaml": "apiVersion: hagane.dev/v1alpha1\nkind: Pipeline\nparameters:\n- {name: replicas, type: integer, default: 2}\n" +
		"- {name: host, required: true}\ntemplates: [a.yaml.hbs]\n",
	"app/a.yaml.hbs": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {host: {{host}}, replicas: \"{{replicas}}\"}\n",
}

func (c *checks) faults() (string, error) {
	packed, err := pack(c.broken)
	if err != nil {
		return "", err
	}
	for path, code := range map[string]codes.Code{
		"yaml": codes.InvalidArgument, "missing": codes.InvalidArgument, "field": codes.InvalidArgument,
		"outside": codes.InvalidArgument, "empty": codes.InvalidArgument, "sign": codes.InvalidArgument,
		"nowhere": codes.InvalidArgument,
	} {
		ctx, cancel := withMinute()
		defer cancel()
		_, err := request{archive: packed, path: path}.once(ctx, c.served.socket, generate)
		said, err := refused(err, code)
		if err != nil {
			return "", fmt.Errorf("%s: %v", path, err)
		}
		if path == "nowhere" {
			continue
		}
		_, words, failed := c.run("generate", c.broken, path)
		if failed == nil {
			return "", fmt.Errorf("%s: `generate` has no fault", path)
		}
		if err := expect(said, words); err != nil {
			return "", fmt.Errorf("%s: %v", path, err)
		}
		if strings.Contains(said, c.scratch) || strings.Contains(said, "/repository") {
			return "", fmt.Errorf("%s: a path of the machine is in %q", path, said)
		}
	}
	return c.withoutKey()
}

// withoutKey asks a server that cannot decrypt.
func (c *checks) withoutKey() (string, error) {
	server, err := c.start("keyless", nil, "SOPS_AGE_KEY_FILE=")
	if err != nil {
		return "", err
	}
	defer server.end(15)
	ctx, cancel := withMinute()
	defer cancel()
	_, err = request{archive: c.repository, path: "overlays/staging"}.once(ctx, server.socket, generate)
	said, err := refused(err, codes.PermissionDenied)
	if err != nil {
		return "", err
	}
	_, words, _ := c.run("generate", c.sample, "overlays/staging", "SOPS_AGE_KEY_FILE=")
	return "", expect(said, words)
}

func (c *checks) senseless() (string, error) {
	connection, err := dial(c.served.socket)
	if err != nil {
		return "", err
	}
	defer connection.Close()
	wrong := *c.repository
	wrong.checksum = strings.Repeat("0", 64)
	short := *c.repository
	short.size++
	none := archive{nil, "", 0}
	cut := archive{c.repository.bytes[:len(c.repository.bytes)/2], c.repository.checksum, c.repository.size}
	for name, asked := range map[string]request{
		"another checksum": {archive: &wrong, path: "overlays/staging"},
		"another size":     {archive: &short, path: "overlays/staging"},
		"no archive":       {archive: &none, path: "overlays/staging"},
		"half an archive":  {archive: &cut, path: "overlays/staging"},
		"a path outside":   {archive: c.repository, path: "../x"},
	} {
		ctx, cancel := withMinute()
		defer cancel()
		_, err := asked.ask(ctx, connection, generate)
		if _, err := refused(err, codes.InvalidArgument); err != nil {
			return "", fmt.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := withMinute()
	defer cancel()
	_, err = unary(ctx, connection, service+"Destroy", nil)
	if _, err := refused(err, codes.Unimplemented); err != nil {
		return "", err
	}
	// The connection is as good as before.
	_, err = request{archive: c.repository, path: "overlays/staging"}.ask(ctx, connection, generate)
	return "", err
}

func (c *checks) large() (string, error) {
	const mib = 30
	root := filepath.Join(c.scratch, "large")
	if err := write(root, large(mib)); err != nil {
		return "", err
	}
	packed, err := pack(root)
	if err != nil {
		return "", err
	}
	printed, said, err := c.run("generate", root, "app")
	if err != nil {
		return "", fmt.Errorf("%v: %s", err, said)
	}
	times := ""
	for _, size := range []int{usualChunk, 256 << 10, 8 << 20, len(packed.bytes)} {
		ctx, cancel := withMinute()
		defer cancel()
		begun := time.Now()
		answer, err := request{archive: packed, path: "app", chunk: size}.once(ctx, c.served.socket, generate)
		if err != nil {
			return "", fmt.Errorf("in parts of %d: %v", size, err)
		}
		got, err := manifests(answer)
		if err != nil {
			return "", err
		}
		if err := expect(got, printed); err != nil {
			return "", err
		}
		times += fmt.Sprintf(", in parts of %d KiB %d ms", size>>10, time.Since(begun).Milliseconds())
	}
	return fmt.Sprintf("%d MiB sent, %d received%s", len(packed.bytes)>>20, len(printed)>>20, times), nil
}

func (c *checks) tooLarge() (string, error) {
	server, err := c.start("small", nil, "ARGOCD_GRPC_MAX_SIZE_MB=1")
	if err != nil {
		return "", err
	}
	defer server.end(15)
	root := filepath.Join(c.scratch, "two")
	if err := write(root, large(2)); err != nil {
		return "", err
	}
	packed, err := pack(root)
	if err != nil {
		return "", err
	}
	ctx, cancel := withMinute()
	defer cancel()
	_, err = request{archive: packed, path: "app"}.once(ctx, server.socket, generate)
	return refused(err, codes.InvalidArgument)
}

func (c *checks) cancels() (string, error) {
	// Before, while it is sent, and while it is worked on.
	for round := 0; round < 60; round++ {
		ctx, cancel := withMinute()
		asked := request{archive: c.resources, path: "overlay", between: func(int) error { return nil }}
		stop := len(c.resources.bytes) * round / 20
		asked.between = func(sent int) error {
			if sent >= stop {
				cancel()
			}
			return nil
		}
		if round >= 20 {
			asked.between = nil
			time.AfterFunc(time.Duration(round-20)*500*time.Microsecond, cancel)
		}
		_, err := asked.once(ctx, c.served.socket, generate)
		cancel()
		if err != nil && !errors.Is(err, context.Canceled) {
			if _, err := refused(err, codes.Canceled); err != nil {
				return "", err
			}
		}
	}
	_, err := c.likeGenerateOfMany()
	return "", err
}

// silent listens and never answers.
func silent() (net.Listener, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		go func() {
			for {
				connection, err := listener.Accept()
				if err != nil {
					return
				}
				defer connection.Close()
			}
		}()
	}
	return listener, err
}

func (c *checks) deadlines() (string, error) {
	listener, err := silent()
	if err != nil {
		return "", err
	}
	defer listener.Close()
	root := filepath.Join(c.scratch, "silent")
	url := fmt.Sprintf("resources: [\"http://%s/a.yaml\"]\n", listener.Addr())
	if err := write(root, map[string]string{"app/kustomization.yaml": url}); err != nil {
		return "", err
	}
	packed, err := pack(root)
	if err != nil {
		return "", err
	}
	server, err := c.start("patient", []string{"--allowed-hosts", "127.0.0.1"})
	if err != nil {
		return "", err
	}
	defer server.end(15)
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	begun := time.Now()
	_, err = request{archive: packed, path: "app"}.once(ctx, server.socket, generate)
	if ctx.Err() != nil {
		return "", fmt.Errorf("after %v: %v", time.Since(begun), err)
	}
	said, err := refused(err, codes.DeadlineExceeded)
	if err == nil && !strings.Contains(said, "time ran out while") {
		err = errors.New(said)
	}
	if err != nil {
		return "", err
	}
	// Who does not send all is told, too.
	ctx, cancel = context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	slow := request{archive: packed, path: "app", chunk: 64, between: func(int) error {
		time.Sleep(500 * time.Millisecond)
		return nil
	}}
	_, err = slow.once(ctx, server.socket, generate)
	_, err = refused(err, codes.DeadlineExceeded)
	if err == nil {
		err = nothingLeft(server)
	}
	return said, err
}

// nothingLeft returns what a server has in its scratch directory when nobody asks for anything.
func nothingLeft(server *server) error {
	for begun := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		left, err := filepath.Glob(filepath.Join(filepath.Dir(server.socket), "tmp", "*", "*"))
		if err != nil || len(left) == 0 {
			return err
		}
		if time.Since(begun) > 10*time.Second {
			return fmt.Errorf("left: %v (%d)", left, os.Getpid())
		}
	}
}

// Repositories to ask about, and their archives as the repo-server makes them.

package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
)

// archive is a repository on its way.
type archive struct {
	bytes    []byte
	checksum string
	size     int
}

// pack makes the archive of a directory: files, directories and links, in the order of their names.
func pack(root string) (*archive, error) {
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	tarred := tar.NewWriter(zipped)
	err := filepath.Walk(root, func(path string, found os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		below, err := filepath.Rel(root, path)
		if err != nil || below == "." {
			return err
		}
		target := ""
		if found.Mode()&os.ModeSymlink != 0 {
			if target, err = os.Readlink(path); err != nil {
				return err
			}
		}
		header, err := tar.FileInfoHeader(found, target)
		if err != nil {
			return err
		}
		header.Name = below
		if err := tarred.WriteHeader(header); err != nil || !found.Mode().IsRegular() {
			return err
		}
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		_, err = io.Copy(tarred, file)
		return err
	})
	if err == nil {
		err = tarred.Close()
	}
	if err == nil {
		err = zipped.Close()
	}
	sum := sha256.Sum256(packed.Bytes())
	return &archive{packed.Bytes(), hex.EncodeToString(sum[:]), packed.Len()}, err
}

// write makes the files of a repository.
func write(root string, files map[string]string) error {
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// overlay returns a base of so many resources, and an overlay that changes each.
func overlay(count int) map[string]string {
	var base strings.Builder
	for number := 0; number < count; number++ {
		fmt.Fprintf(&base, "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web-%d\nspec:\n  selector:\n    matchLabels: "+
			"{app: web-%d}\n  template:\n    metadata:\n      labels: {app: web-%d}\n    spec:\n      containers:\n"+
			"      - name: web\n        image: registry.example.com/web:1\n        env:\n        - {name: NUMBER, value: \"%d\"}\n---\n",
			number, number, number, number)
	}
	return map[string]string{
		"base/kustomization.yaml": "resources: [all.yaml]\n",
		"base/all.yaml":           base.String(),
		"overlay/kustomization.yaml": "namePrefix: staging-\nnamespace: staging\nlabels:\n- {pairs: {tier: web}, includeSelectors: true}\n" +
			"images:\n- {name: registry.example.com/web, newTag: \"2\"}\nresources: [../base]\n" +
			"patches:\n- target: {kind: Deployment}\n  patch: |-\n    - {op: add, path: /spec/replicas, value: 3}\n",
	}
}

// large returns ConfigMaps of so many MiB in all, which are read from as many files.
func large(mib int) map[string]string {
	files := map[string]string{}
	var names strings.Builder
	random := rand.New(rand.NewSource(7))
	for number := 0; number < mib; number++ {
		text := make([]byte, 1<<20)
		for place := range text {
			// Letters of which six in eight bits are by chance: it hardly gets smaller.
			text[place] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[random.Intn(64)]
			if place%64 == 63 {
				text[place] = '\n'
			}
		}
		name := fmt.Sprintf("letters-%d.txt", number)
		files["app/"+name] = string(text)
		fmt.Fprintf(&names, "- {name: letters-%d, files: [%s]}\n", number, name)
	}
	files["app/kustomization.yaml"] = "configMapGenerator:\n" + names.String()
	return files
}

package dynamotest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// startTimeout allows for a machine that compiles other tests at the same time.
const startTimeout = 20 * time.Second

// tied is a script that becomes the program in its arguments, and kills it at the end
// of standard input, which comes however the test binary ends.
const tied = `exec 3<&0; (read -r _ <&3; kill $$) >/dev/null 2>&1 & exec "$@"`

// lifeline is the emulator's standard input, open as long as this process.
var lifeline io.WriteCloser

// start runs the emulator, in memory, and returns its endpoint once it responds. If
// another process took its port, it tries another one.
func start() (string, error) {
	program, err := find()
	if err != nil {
		return "", err
	}
	for range 3 {
		var endpoint string
		if endpoint, err = startOn(program); err == nil {
			return endpoint, nil
		}
	}
	return "", err
}

func startOn(program string) (string, error) {
	port, err := freePort()
	if err != nil {
		return "", err
	}
	var output bytes.Buffer // read when the process has ended
	cmd := exec.Command("sh", "-c", tied, "sh", program, "serve", "--host", "127.0.0.1", "--port", port)
	cmd.Stdout, cmd.Stderr = &output, &output
	if lifeline, err = cmd.StdinPipe(); err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", fmt.Errorf("start %s: %w", program, err)
	}
	exited := make(chan error, 1)
	go func() {
		err := cmd.Wait()
		exited <- fmt.Errorf("%v: %s", err, output.Bytes())
	}()
	endpoint := "http://127.0.0.1:" + port
	if err := awaitReady(endpoint, exited); err != nil {
		lifeline.Close()
		return "", fmt.Errorf("%s: %w", program, err)
	}
	return endpoint, nil
}

func freePort() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	return port, err
}

// awaitReady polls until the emulator responds or has exited.
func awaitReady(endpoint string, exited <-chan error) error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	client := dynamodb.NewFromConfig(config(endpoint))
	for {
		_, failed := client.ListTables(ctx, &dynamodb.ListTablesInput{})
		select {
		case err := <-exited:
			return fmt.Errorf("exited: %w", err)
		case <-ctx.Done():
			return fmt.Errorf("does not respond: %w", failed)
		case <-time.After(10 * time.Millisecond):
		}
		if failed == nil {
			return nil
		}
	}
}

// platforms names npm's packages of the emulator.
var platforms = map[string]string{"amd64": "x64", "arm64": "arm64"}

// find looks for the emulator where npm put it, then on the PATH.
func find() (string, error) {
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	installed := filepath.Join(root, "infra", "node_modules", "@dynoxide",
		runtime.GOOS+"-"+platforms[runtime.GOARCH], "dynoxide")
	if _, err := os.Stat(installed); err == nil {
		return installed, nil
	}
	if program, err := exec.LookPath("dynoxide"); err == nil {
		return program, nil
	}
	return "", fmt.Errorf("no DynamoDB emulator at %s nor dynoxide on the PATH: run make modules, or set AWS_ENDPOINT_URL_DYNAMODB", installed)
}

// moduleRoot walks up from the test's folder to the one with go.mod.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		_, err := os.Stat(filepath.Join(dir, "go.mod"))
		if err == nil {
			return dir, nil
		}
		if parent := filepath.Dir(dir); errors.Is(err, fs.ErrNotExist) && parent != dir {
			dir = parent
			continue
		}
		return "", fmt.Errorf("find go.mod above the test's folder: %w", err)
	}
}

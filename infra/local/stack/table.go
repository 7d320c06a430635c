package stack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"signpost/infra/local/child"
	"signpost/infra/template"
)

// settingTable names the endpoint of a DynamoDB that the developer runs.
const settingTable = "AWS_ENDPOINT_URL_DYNAMODB"

func (s *settings) externalTable() bool { return s.given[settingTable] != "" }

// findEmulator looks for dynoxide, first among the npm modules, then on the PATH.
func (s *settings) findEmulator() error {
	if s.externalTable() {
		return nil
	}
	platform := strings.Replace(runtime.GOOS+"-"+runtime.GOARCH, "amd64", "x64", 1) // as npm names it
	installed := filepath.Join(s.options.Root, "infra", "node_modules", "@dynoxide", platform, "dynoxide")
	for _, name := range []string{installed, "dynoxide"} {
		if path, err := exec.LookPath(name); err == nil {
			s.emulator, err = filepath.Abs(path)
			return err
		}
	}
	return fmt.Errorf("the DynamoDB emulator dynoxide is missing: `make modules` installs it from npm for linux-x64; "+
		"on this machine (%s) put dynoxide on the PATH, or set %s to a DynamoDB that you run", platform, settingTable)
}

// tableName is the name of the first table, which the functions use.
func (s *settings) tableName() string {
	for _, t := range s.tables {
		return s.nameOf(t)
	}
	return ""
}

// nameOf returns the table's name in the template, unless the environment sets a
// variable that refers to the table.
func (s *settings) nameOf(t template.Table) string {
	for _, f := range s.functions {
		for name, value := range f.Environment {
			if value.Ref == t.LogicalID && s.given[name] != "" {
				return s.given[name]
			}
		}
	}
	return t.TableName
}

type table struct {
	endpoint string
	process  *child.Process // nil if the developer runs it
	settings *settings
	client   *dynamodb.Client
}

// startTable starts the emulator, unless the developer runs DynamoDB, and creates
// the template's tables that do not exist.
func startTable(ctx context.Context, s *settings, logs *logs) (*table, error) {
	t := &table{settings: s, endpoint: s.given[settingTable]}
	if !s.externalTable() {
		port := strconv.Itoa(s.dynamoDBPort)
		t.endpoint = "http://127.0.0.1:" + port
		arguments := []string{"serve", "--host", "127.0.0.1", "--port", port}
		if !s.options.TableInMemory {
			arguments = append(arguments, "--db-path", filepath.Join(s.dataDir, tableFile))
		}
		process, err := child.Start(child.Program{Name: "dynamodb", Path: s.emulator, Args: arguments, Dir: s.dataDir}, logs)
		if err != nil {
			return nil, err
		}
		t.process = process
	}
	t.client = t.newClient()
	if err := t.prepare(ctx); err != nil {
		t.stop(ctx)
		return nil, fmt.Errorf("DynamoDB at %s: %w", t.endpoint, err)
	}
	return t, nil
}

func (t *table) prepare(ctx context.Context) error {
	if err := t.waitUntilAnswers(ctx); err != nil {
		return err
	}
	for _, definition := range t.settings.tables {
		if err := ensureTable(ctx, t.client, t.settings.nameOf(definition), definition); err != nil {
			return err
		}
	}
	return nil
}

// newClient returns a client with the functions' credentials: some emulators keep
// a database for each.
func (t *table) newClient() *dynamodb.Client {
	variables := t.variables()
	return dynamodb.New(dynamodb.Options{
		Region:       cmp.Or(variables["AWS_REGION"], template.Region),
		BaseEndpoint: aws.String(t.endpoint),
		Credentials: credentials.NewStaticCredentialsProvider(
			cmp.Or(variables["AWS_ACCESS_KEY_ID"], "local"),
			cmp.Or(variables["AWS_SECRET_ACCESS_KEY"], "local"),
			variables["AWS_SESSION_TOKEN"]),
	})
}

// variables returns the variables with which functions find the table.
func (t *table) variables() map[string]string {
	result := map[string]string{}
	if t.settings.externalTable() {
		result = t.settings.credentials()
	}
	result[settingTable] = t.endpoint
	return result
}

// waitUntilAnswers polls, since the emulator does not report when it is ready. It
// stops if the emulator ends.
func (t *table) waitUntilAnswers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	retry := time.NewTicker(20 * time.Millisecond)
	defer retry.Stop()
	for {
		_, err := t.client.ListTables(ctx, &dynamodb.ListTablesInput{}, func(o *dynamodb.Options) { o.RetryMaxAttempts = 1 })
		if err == nil {
			return nil
		}
		select {
		case <-t.ended():
			return fmt.Errorf("the emulator has ended: %v", t.err())
		case <-ctx.Done():
			return fmt.Errorf("it does not respond: %w", err)
		case <-retry.C:
		}
	}
}

// ended is closed when the emulator ends; nil if the developer runs DynamoDB.
func (t *table) ended() <-chan struct{} {
	if t.process == nil {
		return nil
	}
	return t.process.Ended()
}

func (t *table) err() error {
	if err := t.process.Err(); err != nil {
		return err
	}
	return errors.New("exit status 0")
}

// stop terminates the emulator, and kills it when ctx is done.
func (t *table) stop(ctx context.Context) {
	if t.process == nil {
		return
	}
	t.process.Terminate()
	select {
	case <-t.process.Ended():
	case <-ctx.Done():
		t.process.Kill()
		<-t.process.Ended()
	}
}

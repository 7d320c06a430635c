// Package cloudlogs finds a deployment's log lines about an organization, by CloudWatch Logs
// Insights, which charges for the bytes that it reads.
package cloudlogs

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"signpost/infra/support"
)

const (
	maxLines = 500
	// poll is how often a query is asked whether it is complete; it takes a few seconds.
	poll = 300 * time.Millisecond
	// limit bounds a query, stopLimit the request that stops it.
	limit     = 30 * time.Second
	stopLimit = 3 * time.Second
	// timestamp is the form of @timestamp, in UTC.
	timestamp = "2006-01-02 15:04:05.000"
)

// Source finds the lines in the log groups of one stack. It implements
// [support.Timeline].
type Source struct {
	client *cloudwatchlogs.Client
	stack  string
	now    func() time.Time
}

// New returns the source for a stack.
func New(config aws.Config, stack string, now func() time.Time) *Source {
	return &Source{cloudwatchlogs.NewFromConfig(config), stack, now}
}

// Lines returns the newest lines since a time, in no order. The bus keeps no events, so
// there are none among them.
func (s *Source) Lines(ctx context.Context, orgKey string, since time.Time) ([]support.Line, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	groups, err := s.groups(ctx)
	if err != nil {
		return nil, fmt.Errorf("find the log groups of %s: %w", s.stack, err)
	}
	results, err := s.query(ctx, groups, orgKey, since)
	if err != nil {
		return nil, fmt.Errorf("query the logs of %s: %w", s.stack, err)
	}
	var lines []support.Line
	for _, result := range results {
		field := map[string]string{}
		for _, one := range result {
			field[aws.ToString(one.Field)] = aws.ToString(one.Value)
		}
		at, _ := time.Parse(timestamp, field["@timestamp"]) // zero if it has another form; lines have their own
		_, group, _ := strings.Cut(field["@log"], ":")      // after the account
		if line, ok := support.ParseLine(s.sourceOf(group), field["@message"], at); ok {
			lines = append(lines, line)
		}
	}
	return lines, nil
}

// groups returns the names of the functions' log groups, which CloudFormation has chosen.
func (s *Source) groups(ctx context.Context) (names []string, err error) {
	pages := cloudwatchlogs.NewDescribeLogGroupsPaginator(s.client, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String(s.stack + "-")})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, group := range page.LogGroups {
			if name := aws.ToString(group.LogGroupName); s.sourceOf(name) != "" {
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 {
		return nil, errors.New("there are none")
	}
	return names, nil
}

func (s *Source) query(ctx context.Context, groups []string, orgKey string, since time.Time) ([][]types.ResultField, error) {
	started, err := s.client.StartQuery(ctx, &cloudwatchlogs.StartQueryInput{
		LogGroupNames: groups, StartTime: aws.Int64(since.Unix()), EndTime: aws.Int64(s.now().Unix() + 1), Limit: aws.Int32(maxLines),
		QueryString: aws.String("fields @timestamp, @log, @message | filter org = " + strconv.Quote(orgKey) + " | sort @timestamp desc"),
	})
	if err != nil {
		return nil, err
	}
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	for {
		got, err := s.client.GetQueryResults(ctx, &cloudwatchlogs.GetQueryResultsInput{QueryId: started.QueryId})
		switch {
		case err != nil:
			s.stop(ctx, started.QueryId)
			return nil, err
		case got.Status == types.QueryStatusComplete:
			return got.Results, nil
		case got.Status != types.QueryStatusScheduled && got.Status != types.QueryStatusRunning:
			return nil, fmt.Errorf("the query ended as %s", got.Status)
		}
		select {
		case <-ctx.Done():
			s.stop(ctx, started.QueryId)
			return nil, ctx.Err()
		case <-ticker.C:
		}
	}
}

// stop ends an abandoned query, which otherwise keeps charging.
func (s *Source) stop(ctx context.Context, query *string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
	defer cancel()
	_, _ = s.client.StopQuery(ctx, &cloudwatchlogs.StopQueryInput{QueryId: query}) // CloudWatch ends it within an hour
}

// groupOf is the form of a group's name after the stack's: the function. It does not match
// another stage whose name begins with this one's.
var groupOf = regexp.MustCompile(`^-([A-Za-z0-9]+)Logs-[A-Za-z0-9]+$`)

// sourceOf returns the function whose log group this is, "" for one of another stack.
func (s *Source) sourceOf(group string) string {
	after, _ := strings.CutPrefix(group, s.stack)
	if match := groupOf.FindStringSubmatch(after); match != nil && after != group {
		return match[1]
	}
	return ""
}

package template

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// Limit is how many requests API Gateway accepts for a route from all callers
// together: Rate per second, and Burst at once. The zero Limit means no limit.
type Limit struct {
	Rate  float64
	Burst int
}

// limits sets every route's limit from the API's RouteSettings, or else from its
// DefaultRouteSettings. As on AWS, settings for unknown routes are refused.
func (d *document) limits(functions []Function) error {
	var settings any
	found := false
	for _, r := range d.resources {
		if r.kind != "AWS::Serverless::HttpApi" {
			continue
		}
		if found {
			return fmt.Errorf("template: %s: the local stack supports one API only", r.id)
		}
		settings, found = r.properties, true
	}
	byDefault, err := d.limit(lookup(settings, "DefaultRouteSettings"), Limit{})
	problems := []error{inSettings("DefaultRouteSettings", err)}
	own, _ := lookup(settings, "RouteSettings").(map[string]any)
	used := map[string]bool{}
	for i := range functions {
		for j := range functions[i].Routes {
			route := &functions[i].Routes[j]
			route.Limit, err = d.limit(own[route.Key()], byDefault)
			used[route.Key()] = true
			problems = append(problems, inSettings(route.Key(), err))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(own)) {
		if !used[key] {
			problems = append(problems, inSettings(key, errors.New("no function has this route")))
		}
	}
	return errors.Join(problems...)
}

func inSettings(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("template: RouteSettings: %s: %w", what, err)
}

// limit parses one entry. Missing members are those of fallback.
func (d *document) limit(raw any, fallback Limit) (Limit, error) {
	resolved, err := d.resolve(raw)
	if err != nil {
		return fallback, err
	}
	limit := fallback
	if text := scalar(lookup(resolved, "ThrottlingRateLimit")); text != "" {
		if limit.Rate, err = strconv.ParseFloat(text, 64); err != nil || limit.Rate <= 0 {
			return fallback, fmt.Errorf("ThrottlingRateLimit %s is not a positive number", text)
		}
	}
	if text := scalar(lookup(resolved, "ThrottlingBurstLimit")); text != "" {
		if limit.Burst, err = strconv.Atoi(text); err != nil || limit.Burst <= 0 {
			return fallback, fmt.Errorf("ThrottlingBurstLimit %s is not a positive whole number", text)
		}
	}
	if (limit.Rate == 0) != (limit.Burst == 0) {
		return fallback, errors.New("ThrottlingRateLimit and ThrottlingBurstLimit must be set together")
	}
	return limit, nil
}

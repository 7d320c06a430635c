// Package awsconfig loads region and credentials as the AWS tools do: from the
// environment, profiles and single sign-on. The functions do not use it, since it
// slows down cold starts.
package awsconfig

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
)

// Load returns the configuration for region, or for the AWS tools' region if it is
// "". Without a region it fails. It does not check that there are credentials.
func Load(ctx context.Context, region string) (aws.Config, error) {
	settings, err := config.LoadDefaultConfig(ctx)
	if region != "" {
		settings.Region = region
	}
	if err == nil && settings.Region == "" {
		err = errors.New("no region is set: set AWS_REGION, or AWS_PROFILE")
	}
	if err != nil {
		return aws.Config{}, fmt.Errorf("AWS: %w", err)
	}
	return settings, nil
}

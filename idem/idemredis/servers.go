package idemredis

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// masters returns a client for each server that holds records.
func (s *Store) masters(ctx context.Context) ([]redis.Cmdable, error) {
	if cluster, ok := s.client.(*redis.ClusterClient); ok {
		var mu sync.Mutex
		var masters []redis.Cmdable
		err := cluster.ForEachMaster(ctx, func(_ context.Context, master *redis.Client) error {
			mu.Lock()
			defer mu.Unlock()
			masters = append(masters, master)
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("idemredis: servers of the cluster: %w", err)
		}
		return masters, nil
	}
	if _, ok := s.client.(*redis.Client); ok {
		return []redis.Cmdable{s.client}, nil
	}
	info, err := s.client.Info(ctx, "cluster").Result()
	if err != nil {
		return nil, fmt.Errorf("idemredis: cannot tell whether this is a cluster: %w", err)
	}
	if strings.Contains(info, "cluster_enabled:1") {
		return nil, errors.New("idemredis: not all servers of the cluster can be reached through this client: make a store with the redis.ClusterClient itself")
	}
	return []redis.Cmdable{s.client}, nil
}

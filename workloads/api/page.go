package api

import "github.com/energytwin/energytwin/workloads/api/params"

// pageOf makes a page of rows, of which one more than limit was asked for: the
// extra one shows that there is a next page.
func pageOf[R, K, V any](rows []R, limit int, filters string, key func(R) K, view func(R) V) ([]V, *Page, error) {
	page := &Page{Limit: limit, HasMore: len(rows) > limit}
	if page.HasMore {
		rows = rows[:limit]
		next, err := params.EncodeCursor(filters, key(rows[limit-1]))
		if err != nil {
			return nil, nil, err
		}
		page.NextCursor = &next
	}
	data := make([]V, len(rows))
	for i, r := range rows {
		data[i] = view(r)
	}
	return data, page, nil
}

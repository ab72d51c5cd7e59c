// Stream compaction: write the pairs in range of all threads into one list without gaps.

counts[lane] = LP_COUNT_BITS(mask);
LP_SYNC_WARP
int next = 0, numPairs = 0;
for (int i = 0; i < TILE_SIZE; i++) {
    next += (i < lane ? counts[i] : 0);
    numPairs += counts[i];
}
for (unsigned int rest = mask; rest != 0; rest &= rest-1) // for each bit that is set
    pairs[next++] = lane*TILE_SIZE+LP_LOWEST_BIT(rest);
LP_SYNC_WARP

// What C++ offers to hand 64-byte items from one thread to another, each measured as `synthtest bench` measures ours.
//
//   queues list                              the queues that this was built with
//   queues NAME throughput ITEMS             nothing is lost: {"items": …, "ns": …}
//   queues NAME one-way ITEMS GAP_NS         each item finds the queue empty: {"samples_ns": […]}
#include <time.h>
#include <x86intrin.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#if __has_include(<boost/lockfree/spsc_queue.hpp>)
#include <boost/lockfree/spsc_queue.hpp>
#define HAS_BOOST 1
#endif
#if __has_include(<readerwriterqueue/readerwriterqueue.h>)
#include <readerwriterqueue/readerwriterqueue.h>
#define HAS_MOODYCAMEL 1
#elif __has_include(<readerwriterqueue.h>)
#include <readerwriterqueue.h>
#define HAS_MOODYCAMEL 1
#endif

constexpr std::size_t CAPACITY = 4096;

struct Item {
    std::uint64_t word[8];
};

class Plain {  // what one writes first
   public:
    bool push(const Item &item) {
        std::lock_guard<std::mutex> lock(mutex_);
        if (items_.size() == CAPACITY) return false;
        items_.push_back(item);
        return true;
    }
    bool pop(Item &item) {
        std::lock_guard<std::mutex> lock(mutex_);
        if (items_.empty()) return false;
        item = items_.front();
        items_.pop_front();
        return true;
    }

   private:
    std::mutex mutex_;
    std::deque<Item> items_;
};

#ifdef HAS_BOOST
class Boost {
   public:
    bool push(const Item &item) { return queue_.push(item); }
    bool pop(Item &item) { return queue_.pop(item); }

   private:
    boost::lockfree::spsc_queue<Item, boost::lockfree::capacity<CAPACITY>> queue_;
};
#endif

#ifdef HAS_MOODYCAMEL
class Moodycamel {
   public:
    bool push(const Item &item) { return queue_.try_enqueue(item); }
    bool pop(Item &item) { return queue_.try_dequeue(item); }

   private:
    moodycamel::ReaderWriterQueue<Item> queue_{CAPACITY};
};
#endif

std::int64_t monotonic_ns() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

std::int64_t ticks() { return static_cast<std::int64_t>(__rdtsc()); }

double tick_ns() {
    static const double known = [] {
        const std::int64_t begun_ns = monotonic_ns(), begun = ticks();
        while (monotonic_ns() - begun_ns < 20'000'000) {
        }
        return static_cast<double>(monotonic_ns() - begun_ns) / static_cast<double>(ticks() - begun);
    }();
    return known;
}

void pin(int core) {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET(core, &cores);
    sched_setaffinity(0, sizeof cores, &cores);  // refused on one core: measured all the same
}

// Whoever takes an item reads all of it: without this the compiler leaves the copy out.
void used(Item &item) { __asm__ volatile("" : "+m"(item)); }

template <class Queue>
void throughput(std::uint64_t items) {
    static Queue queue;
    std::int64_t ended_ns = 0;
    std::atomic<bool> is_there{false};
    std::thread consumer([&] {
        pin(1);
        is_there = true;
        Item item;
        for (std::uint64_t popped = 0; popped < items;)
            if (queue.pop(item)) {
                used(item);
                ++popped;
            }
        ended_ns = monotonic_ns();
    });
    pin(0);
    while (!is_there) {
    }
    Item item{};
    const std::int64_t begun_ns = monotonic_ns();
    for (std::uint64_t i = 0; i < items; ++i) {
        item.word[0] = i;
        while (!queue.push(item)) _mm_pause();
    }
    consumer.join();
    std::printf("{\"items\": %llu, \"ns\": %lld}\n", static_cast<unsigned long long>(items),
                static_cast<long long>(ended_ns - begun_ns));
}

template <class Queue>
void one_way(int items, std::int64_t gap_ns) {
    static Queue queue;
    std::vector<std::int64_t> taken(items);
    const auto gap = static_cast<std::int64_t>(static_cast<double>(gap_ns) / tick_ns());
    std::atomic<bool> is_there{false};
    std::thread consumer([&] {
        pin(1);
        is_there = true;
        Item item;
        for (int i = 0; i < items; ++i) {
            while (!queue.pop(item)) {
            }
            used(item);
            taken[i] = ticks() - static_cast<std::int64_t>(item.word[0]);
        }
    });
    pin(0);
    while (!is_there) {
    }
    Item item{};
    std::int64_t due = ticks();
    for (int i = 0; i < items; ++i) {
        due += gap;
        while (ticks() < due) {
        }
        item.word[0] = static_cast<std::uint64_t>(ticks());
        while (!queue.push(item)) {
        }
    }
    consumer.join();
    std::printf("{\"samples_ns\": [");
    for (int i = 0; i < items; ++i)
        std::printf("%s%.1f", i ? ", " : "", static_cast<double>(taken[i]) * tick_ns());
    std::printf("]}\n");
}

template <class Queue>
int measure(int argc, char **argv) {
    if (argc == 4 && std::strcmp(argv[2], "throughput") == 0)
        throughput<Queue>(std::strtoull(argv[3], nullptr, 10));
    else if (argc == 5 && std::strcmp(argv[2], "one-way") == 0)
        one_way<Queue>(std::atoi(argv[3]), std::atoll(argv[4]));
    else
        return 2;
    return 0;
}

int main(int argc, char **argv) {
    const char *name = argc > 1 ? argv[1] : "";
    if (std::strcmp(name, "list") == 0) {
        std::puts("std::deque+mutex");
#ifdef HAS_BOOST
        std::puts("boost::lockfree");
#endif
#ifdef HAS_MOODYCAMEL
        std::puts("moodycamel");
#endif
        return 0;
    }
    if (std::strcmp(name, "std::deque+mutex") == 0) return measure<Plain>(argc, argv);
#ifdef HAS_BOOST
    if (std::strcmp(name, "boost::lockfree") == 0) return measure<Boost>(argc, argv);
#endif
#ifdef HAS_MOODYCAMEL
    if (std::strcmp(name, "moodycamel") == 0) return measure<Moodycamel>(argc, argv);
#endif
    return 2;
}

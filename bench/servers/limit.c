// The least that a connection for each request costs a server that waits by epoll: it accepts, reads once, writes a
// fixed response and closes. It parses nothing, counts nothing and has no timeouts. The argument is the port.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 4096, READY_MAX = 256, READ_BYTES = 4096 };

/* The field lines of hotpath's response. */
static const char RESPONSE[] = "HTTP/1.1 200 OK\r\n"
                               "Content-Type: text/plain\r\n"
                               "Date: Fri, 27 Nov 2026 12:00:00 GMT\r\n"
                               "Content-Length: 6\r\n"
                               "Connection: close\r\n"
                               "\r\n"
                               "Hello1";

static int openListener(int port) {
  const int on = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, BACKLOG) < 0) {
    perror("limit");
    exit(EXIT_FAILURE);
  }
  return listener;
}

static void watch(int epoll, int socket) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = socket};
  epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event);
}

/* A request of a load client comes whole, and the response fits into the socket's buffer. */
static void answerAndClose(int socket) {
  char request[READ_BYTES];
  if (read(socket, request, sizeof request) > 0 && write(socket, RESPONSE, sizeof RESPONSE - 1) < 0)
    perror("limit");
  close(socket);
}

int main(int count, char **arguments) {
  int listener = openListener(count > 1 ? atoi(arguments[1]) : 0);
  int epoll = epoll_create1(0);
  watch(epoll, listener);
  for (;;) {
    struct epoll_event ready[READY_MAX];
    int readyCount = epoll_wait(epoll, ready, READY_MAX, -1);
    for (int i = 0; i < readyCount; i++) {
      if (ready[i].data.fd != listener) {
        answerAndClose(ready[i].data.fd);
        continue;
      }
      // One for each event, because one more call to learn that there is no other costs more than it saves.
      int accepted = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
      if (accepted >= 0) watch(epoll, accepted);
    }
  }
}

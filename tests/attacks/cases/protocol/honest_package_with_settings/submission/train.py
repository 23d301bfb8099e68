from digits import Net

if __name__ == "__main__":
    model = Net()
